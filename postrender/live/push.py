"""A push: brings packages from disk into a running release, and waits for their health."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.live import health, images, objects, plan, pods, releases, revisions
from postrender.live.cluster import ConflictError, UnreachableError
from postrender.live.releases import OvertakenError
from postrender.live.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from postrender.live.cluster import Cluster
    from postrender.live.plan import Change, Plan
    from postrender.live.releases import Release
    from postrender.live.revisions import State
    from postrender.live.stopwatch import Progress
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache


@dataclass(frozen=True)
class PackageOutcome:
    """The outcome of a push for one package.

    Attributes:
        change: The change of the package.
        state: The state that Crossplane reports after the push.
    """

    change: Change
    state: State


@dataclass(frozen=True)
class Outcome:
    """The outcome of a push.

    Attributes:
        packages: The outcome for each package.
        steps: The steps in their order, with the seconds that each took.
        did_nothing: Whether the cluster already had all contents, and Crossplane knew of them.
    """

    packages: tuple[PackageOutcome, ...]
    steps: tuple[tuple[str, float], ...]
    did_nothing: bool


def push(
    cluster: Cluster,
    read_packages: Callable[[Release], Sequence[LocalPackage]],
    progress: Progress,
    cache: ResultCache = result_cache.NO_CACHE,
) -> Outcome:
    """Push packages, and wait until Crossplane has read them and they are healthy.

    Args:
        cluster: The cluster.
        read_packages: Reads the packages for a release from disk.
        progress: The progress messages and the timeout.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: A package is invalid, or the cluster refuses a request. A failure before the
            update of the ConfigMap changes nothing; after it, the next push resumes this one.
        SupersededError: See `Progress.is_superseded`.
    """
    stopwatch = Stopwatch(progress)
    progress.tell("reading the release")
    release = releases.find(cluster)
    stopwatch.end_step("found the release")
    progress.tell("reading packages")
    packages = read_packages(release)
    push_plan = plan.push(release, packages, cache)
    stopwatch.end_step("read and packed")
    objects.require_free_names(cluster, release, push_plan.changes)
    revisions_before = _revisions(cluster, release, push_plan)
    if images.load(cluster, packages, progress.tell):
        stopwatch.end_step("loaded the images")
    try:
        while push_plan.writes:
            try:
                releases.write(cluster, release, push_plan.contents)
                break
            except ConflictError:  # another push was faster, and this one replaces it
                release = releases.find(cluster)
                push_plan = plan.push(release, packages, cache)
        if push_plan.writes:
            stopwatch.end_step("updated the ConfigMap")
        return _deliver(cluster, release, push_plan, revisions_before, stopwatch)
    except UnreachableError as error:
        hint = "push again when the server answers: the next push resumes this one"
        raise UnreachableError(error.problem, where=error.where, hint=hint) from error


def _revisions(cluster: Cluster, release: Release, push_plan: Plan) -> dict[str, set[str]]:
    """Return the names of the existing revisions of each package's kind, by package name."""
    kinds = {change.entry.kind for change in push_plan.changes}
    names = {kind: revisions.names(cluster, kind, release.target) for kind in kinds}
    return {change.name: names[change.entry.kind] for change in push_plan.changes}


def _deliver(
    cluster: Cluster,
    release: Release,
    push_plan: Plan,
    revisions_before: dict[str, set[str]],
    stopwatch: Stopwatch,
) -> Outcome:
    """Deliver the contents of the ConfigMap to the pods and to Crossplane.

    Raises:
        OvertakenError: The ConfigMap has another content of some packages. The others have been
            delivered.
    """
    changes = push_plan.changes
    try:
        count = pods.await_copies(cluster, release, changes, stopwatch)
        stopwatch.end_step(f"copied by {count} pod{'' if count == 1 else 's'}")

        # If the cache key is a path, no object changes, so `await_push` touches revisions.
        stopwatch.progress.tell("telling Crossplane")
        names = objects.synchronize(cluster, release, changes)
        news = [
            change for change in changes if change.name in names or not change.entry.is_notified
        ]
        if news:
            stopwatch.end_step("told Crossplane")
        news_revisions = {change.name: revisions_before[change.name] for change in news}
        states = health.await_push(cluster, release, changes, news_revisions, stopwatch)
        _record_notice(cluster, [change for change in news if not change.entry.is_notified])
    except OvertakenError as error:
        others = tuple(change for change in changes if change.name not in error.names)
        if others:
            other_plan = replace(push_plan, changes=others)
            _deliver(cluster, release, other_plan, revisions_before, stopwatch)
        raise
    packages = tuple(PackageOutcome(change, states[change.name]) for change in changes)
    return Outcome(packages, tuple(stopwatch.steps), did_nothing=not (push_plan.writes or news))


def _record_notice(cluster: Cluster, changes: Sequence[Change]) -> None:
    """Record that Crossplane knows of contents, because no object in the cluster shows it."""
    if not changes:
        return
    contents = {change.name: change.entry.content for change in changes}
    release = releases.require_contents(cluster, contents)
    with suppress(ConflictError):  # the next push tells Crossplane again, which does no harm
        releases.write(cluster, release, plan.with_notice(release, contents))
