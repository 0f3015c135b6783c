"""A push: packages on disk into a release that runs, until Crossplane has taken them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.live import health, objects, plan, pods, releases, revisions
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
class Pushed:
    """A package after its push.

    Attributes:
        change: What was changed of it.
        state: What Crossplane makes of it.
    """

    change: Change
    state: State


@dataclass(frozen=True)
class Outcome:
    """What a push has done.

    Attributes:
        pushed: The packages.
        steps: The steps with the seconds that each took, in their order.
        did_nothing: Whether the cluster had all of it, and Crossplane had been told.
    """

    pushed: tuple[Pushed, ...]
    steps: tuple[tuple[str, float], ...]
    did_nothing: bool


def push(
    cluster: Cluster,
    wanted: Callable[[Release], Sequence[LocalPackage]],
    progress: Progress,
    cache: ResultCache = result_cache.NO_CACHE,
) -> Outcome:
    """Push packages, and return when Crossplane has them and they are healthy.

    Args:
        cluster: The cluster.
        wanted: Returns the packages, read from disk, for a release.
        progress: Who is told, and when it is given up.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: A package or the cluster refuses. Before the ConfigMap is changed nothing
            has happened; afterwards another push goes on from there.
        SupersededError: See `Progress.superseded`.
    """
    watch = Stopwatch(progress)
    progress.tell("asking the cluster")
    release = releases.find(cluster)
    watch.passed("found the release")
    progress.tell("reading packages")
    placed = wanted(release)
    planned = plan.push(release, placed, cache)
    watch.passed("read and packed")
    objects.require_free(cluster, release, planned.changes)
    before = _revisions(cluster, release, planned)
    try:
        while planned.writes:
            try:
                releases.write(cluster, release, planned.contents)
                break
            except ConflictError:  # somebody else was faster: what they wrote is replaced
                release = releases.find(cluster)
                planned = plan.push(release, placed, cache)
        if planned.writes:
            watch.passed("updated the ConfigMap")
        return _bring(cluster, release, planned, before, watch)
    except UnreachableError as error:
        hint = "push again when it does: it goes on from there"
        raise UnreachableError(error.problem, where=error.where, hint=hint) from error


def _revisions(cluster: Cluster, release: Release, planned: Plan) -> dict[str, set[str]]:
    """Return the names of the revisions that there are, by name of the package."""
    kinds = {change.entry.kind for change in planned.changes}
    named = {kind: revisions.named(cluster, kind, release.target) for kind in kinds}
    return {change.name: named[change.entry.kind] for change in planned.changes}


def _bring(
    cluster: Cluster,
    release: Release,
    planned: Plan,
    before: dict[str, set[str]],
    watch: Stopwatch,
) -> Outcome:
    """Bring Crossplane what the ConfigMap has.

    Raises:
        OvertakenError: Some of it is not what was pushed by now. The rest was brought.
    """
    changes = planned.changes
    try:
        count = pods.await_copies(cluster, release, changes, watch)
        watch.passed(f"copied by {count} pod{'' if count == 1 else 's'}")

        # Where packages are keyed by path no object changes: the revision itself is told.
        watch.progress.tell("telling Crossplane")
        followed = objects.follow(cluster, release, changes)
        told = [one for one in changes if one.name in followed or not one.entry.told]
        if told:
            watch.passed("told Crossplane")
        known = {one.name: before[one.name] for one in told}
        states = health.await_health(cluster, release, changes, known, watch)
        _note(cluster, [one for one in told if not one.entry.told])
    except OvertakenError as error:
        left = tuple(one for one in changes if one.name not in error.names)
        if left:
            _bring(cluster, release, replace(planned, changes=left), before, watch)
        raise
    pushed = tuple(Pushed(one, states[one.name]) for one in changes)
    return Outcome(pushed, tuple(watch.steps), did_nothing=not (planned.writes or told))


def _note(cluster: Cluster, changes: Sequence[Change]) -> None:
    """Note that Crossplane has been told of packages, where nothing else shows it."""
    if not changes:
        return
    contents = {change.name: change.entry.content for change in changes}
    release = releases.require(cluster, contents)
    with suppress(ConflictError):  # the next push tells it once more, which does no harm
        releases.write(cluster, release, plan.told(release, contents))
