"""The steps of `up`: from packages on disk to healthy packages in a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from postrender import labels
from postrender.errors import DevcacheError
from postrender.helm import charts, history, program, upgrade
from postrender.helm.program import HelmError
from postrender.installation import declaration, deployments, idle, leases, preparation
from postrender.installation import plan as plans
from postrender.interface.progress import Row, View
from postrender.live import (
    access,
    cluster_packages,
    health,
    images,
    push,
    releases,
    removal,
    resources,
    revisions,
)
from postrender.live.kinds import CONFIG_MAPS
from postrender.live.plan import Change
from postrender.live.stopwatch import AGAIN_HINT, Progress, Stopwatch
from postrender.payload import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from postrender.helm.history import Revision
    from postrender.helm.program import Helm
    from postrender.helm.upgrade import Upgrade
    from postrender.installation.plan import Plan
    from postrender.interface.progress import Screen
    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Kind
    from postrender.live.revisions import State
    from postrender.result_cache import ResultCache

_GRACE = 30.0
"""Seconds for which a Crossplane that has just started may repeat a refusal; see `health`."""

_OVERTAKEN = ("another operation", "cannot re-use a name", "already exists")
"""Parts of Helm's messages if another helm command was faster."""

_UPGRADED = "helm"
"""The step in which helm changes the release."""

_ATTEMPTS = 3
"""The number of runs of helm, if other helm commands are faster."""


class Request(NamedTuple):
    """The declaration and the options of an installation.

    Attributes:
        paths: Packages on disk, or none.
        values_files: Values files of our chart, or none.
        crossplane: The version of Crossplane, or "" for that of the release.
        chart: The chart, or "" for the upstream chart.
        live: Whether live mode is on, if the values do not say it.
        arguments: Further arguments for helm.
        relative_to_file: See `values.load`.
    """

    paths: Sequence[Path]
    values_files: Sequence[Path]
    crossplane: str
    chart: str
    live: bool
    arguments: Sequence[str]
    relative_to_file: bool = False


class Place(NamedTuple):
    """The place of an installation, and the output of its steps.

    Attributes:
        cluster: The cluster.
        helm: Helm.
        name: The name of the release.
        workspace: A temporary folder.
        screen: Shows the steps.
        timeout: Seconds after which a wait fails.
        cache: Results of earlier runs.
    """

    cluster: Cluster
    helm: Helm
    name: str
    workspace: Path
    screen: Screen
    timeout: float
    cache: ResultCache


class Outcome(NamedTuple):
    """The outcome of an installation.

    Attributes:
        plan: The plan.
        steps: The steps, with the seconds that each took.
        states: The last state of each package, by name; empty before the wait for the packages.
        seconds: The seconds until each package was healthy, by name.
        error: The error that ended it after it had changed the cluster, or None.
    """

    plan: Plan
    steps: tuple[tuple[str, float], ...]
    states: Mapping[str, State]
    seconds: Mapping[str, float]
    error: DevcacheError | None = None

    @property
    def is_upgraded(self) -> bool:
        """Whether helm changed the release."""
        return any(step == _UPGRADED for step, _ in self.steps)


@dataclass
class _Display:
    """Shows Deployments and packages, and records the states of the packages.

    Attributes:
        screen: The screen.
        stopwatch: Measures the installation.
        states: The last state of each package, by name.
        seconds: The seconds until each package was healthy, by name.
    """

    screen: Screen
    stopwatch: Stopwatch
    states: dict[str, State] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    _rows: dict[str, Row] = field(default_factory=dict)

    def show_deployment(self, name: str, state: str) -> None:
        """Show the state of a Deployment."""
        title = f"deployment {name}"
        self._show(Row(title, state=state))

    def show_packages(self, states: Mapping[str, State]) -> None:
        """Show the states of packages, by name."""
        self.states.update(states)
        now = self.stopwatch.seconds
        for name, state in states.items():
            if state.is_healthy:
                self.seconds.setdefault(name, now)
        self._show(
            *(
                Row(
                    name,
                    state.revision,
                    state.summary,
                    duration=f"{self.seconds.get(name, now):.0f} s",
                )
                for name, state in states.items()
            )
        )

    def _show(self, *rows: Row) -> None:
        self._rows.update({row.name: row for row in rows})
        self.screen.show(View(tuple(self._rows.values()), "waiting"))


def plan(place: Place, request: Request, revision: Revision | None) -> Plan:
    """Return the plan of an installation, with its checks. It changes nothing.

    Raises:
        DevcacheError: A file, a package or the chart is invalid.
    """
    tell = place.screen.tell
    declared = declaration.read(
        request.paths,
        request.values_files,
        place.cache,
        tell,
        relative_to_file=request.relative_to_file,
    )
    return plans.make(
        declared,
        charts.select(place.helm, request.chart, request.crossplane, revision),
        history.values(place.helm, place.name) if revision else {},
        place.cluster.version(),
        is_our_chart=revision is not None and revision.chart == charts.OURS,
        live=request.live,
        arguments=request.arguments,
        tell=lambda _: None,
    )


def up(place: Place, request: Request) -> Outcome:
    """Install packages, and wait until they are healthy. A repetition resumes or does nothing.

    Returns:
        The outcome. If the checks found errors, the cluster is unchanged. Once the cluster is
        changed, an error is part of the outcome.

    Raises:
        DevcacheError: The plan is invalid, or an upgrade would delete resources.
    """
    stopwatch = Stopwatch(_quiet(place.timeout))
    revision = idle.await_idle(place.cluster, place.helm, place.name, stopwatch, place.screen.tell)
    installation = plan(place, request, revision)
    stopwatch.end_step("checked")
    if installation.checks.count("error"):
        return Outcome(installation, tuple(stopwatch.steps), {}, {})
    for finding in installation.checks.findings:
        place.screen.tell(f"{finding.severity}: {finding.where}: {finding.problem}")
    is_current = _is_current(place, installation, revision)
    objects = () if is_current else _removed_objects(place, installation, stopwatch)
    display = _Display(place.screen, stopwatch)
    error = None
    try:
        if is_current:
            place.screen.tell(f"the release {place.name} is up to date")
        else:
            _install(place, request, installation, stopwatch)
        _await_installation(place, installation, objects, display, is_upgraded=not is_current)
    except DevcacheError as failure:
        error = failure
    return Outcome(installation, tuple(stopwatch.steps), display.states, display.seconds, error)


def _install(place: Place, request: Request, plan: Plan, stopwatch: Stopwatch) -> None:
    """Prepare the cluster, load the images, and run helm.

    Raises:
        DevcacheError: A step fails.
    """
    preparation.prepare(place.cluster, place.name, plan, place.cache, stopwatch)
    stopwatch.end_step("prepared the cluster")
    if images.load(place.cluster, plan.packages, place.screen.tell):
        stopwatch.end_step("loaded the images")
    _upgrade(place, request, plan, stopwatch)
    stopwatch.end_step(_UPGRADED)


def _await_installation(
    place: Place,
    plan: Plan,
    objects: Sequence[tuple[Kind, str]],
    display: _Display,
    *,
    is_upgraded: bool,
) -> None:
    """Wait until Crossplane runs, the removed objects are gone, and the packages are healthy.

    Args:
        place: The place of the installation.
        plan: The plan.
        objects: The removed objects, by their kinds and names.
        display: Shows the wait, and records the states of the packages.
        is_upgraded: Whether helm changed the release.

    Raises:
        DevcacheError: A pod does not start, Crossplane refuses a package, or a wait times out.
    """
    stopwatch = display.stopwatch
    leases.release_stale(place.cluster)
    deployments.await_rollout(place.cluster, place.name, stopwatch, display.show_deployment)
    stopwatch.end_step("Crossplane runs")
    removal.await_end(place.cluster, objects, stopwatch)
    _await_packages(place, plan, display, is_upgraded=is_upgraded)
    stopwatch.end_step("Healthy")


def commands(place: Place, plan: Plan, arguments: Sequence[str], folder: str) -> Upgrade:
    """Return the run of helm for a plan.

    Args:
        place: The place of the installation.
        plan: The plan.
        arguments: Further arguments for helm.
        folder: The folder of the files.
    """
    return upgrade.install(
        place.helm,
        place.name,
        plan.chart,
        plan.values,
        plan.config,
        folder=folder,
        description=plan.description,
        more=arguments,
    )


def _is_current(place: Place, plan: Plan, revision: Revision | None) -> bool:
    """Return whether the release has this plan, and its objects are in the cluster."""
    if revision is None or revision.status != "deployed":
        return False
    if not plan.description or revision.description != plan.description:
        return False
    if preparation.edited_config_maps(place.cluster):
        return False
    config_maps = place.cluster.select(CONFIG_MAPS, {labels.PART_OF: labels.OWNER})
    return bool(config_maps and deployments.of_release(place.cluster, place.name))


def _removed_objects(
    place: Place, plan: Plan, stopwatch: Stopwatch
) -> tuple[tuple[Kind, str], ...]:
    """Return the revisions and definitions that an upgrade removes, by their kinds and names.

    Raises:
        DevcacheError: Resources of their APIs exist.
    """
    names = {package.name for package in plan.packages if package.install}
    pushed = _pushed_names(place.cluster)
    removed = [
        package
        for package in cluster_packages.read(place.cluster, place.name)
        if package.is_ours and package.is_released and package.name not in names | pushed
    ]
    package_revisions = [revision for _, revision in cluster_packages.revisions(removed)]
    apis = resources.of_revisions(place.cluster, package_revisions)
    if existing := resources.existing(place.cluster, apis):
        action = f"removing {', '.join(package.name for package in removed)} from the release"
        raise resources.refusal(existing, action, "delete them first, or declare the package")
    definitions = resources.composite_definitions(place.cluster, package_revisions)
    access.await_access(place.cluster, definitions, stopwatch)
    return resources.objects(place.cluster, cluster_packages.revisions(removed))


def _pushed_names(cluster: Cluster) -> set[str]:
    """Return the names of the packages that only a push added, which an upgrade keeps."""
    return {
        name
        for config_map in cluster.select(CONFIG_MAPS, {labels.PART_OF: labels.OWNER})
        for name in releases.pushed_names(config_map)
    }


def _upgrade(place: Place, request: Request, plan: Plan, stopwatch: Stopwatch) -> None:
    """Run helm, and run it again if another helm command was faster.

    Raises:
        HelmError: Helm fails.
    """
    run = commands(place, plan, request.arguments, str(place.workspace))
    for name, text in run.files.items():
        (place.workspace / name).write_text(text, encoding="utf-8")
    tell = place.screen.tell
    tell(program.command(run.arguments))
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            program.run(place.helm, run.arguments, tell)
        except HelmError as error:
            if attempt == _ATTEMPTS or not any(part in error.output for part in _OVERTAKEN):
                raise
            idle.await_idle(place.cluster, place.helm, place.name, stopwatch, tell)
        else:
            return


def _await_packages(place: Place, plan: Plan, display: _Display, *, is_upgraded: bool) -> None:
    """Wait until the packages are healthy."""
    progress = _quiet(place.timeout, display.show_packages)
    if plan.is_live and not is_upgraded:
        push.push(place.cluster, lambda _: plan.packages, progress, place.cache)
        return
    changes = [
        Change(package, record.recorded(package, released=package.content), "same")
        for package in plan.packages
    ]
    before = {}
    if is_upgraded and not plan.target.uses_image_configs:
        names = partial(revisions.names, place.cluster, target=plan.target)
        before = {change.name: names(kind=change.entry.kind) for change in changes}
    health.await_health(
        place.cluster,
        plan.target,
        changes,
        before,
        Stopwatch(progress),
        lambda: _recheck(place, plan),
        _GRACE,
    )


def _recheck(place: Place, plan: Plan) -> None:
    """Release stale leases, and end the wait if the release has changed in the meantime.

    Raises:
        DevcacheError: Somebody else has changed the release.
    """
    leases.release_stale(place.cluster)
    if plan.is_live:
        contents = {package.name: package.content for package in plan.packages}
        releases.require_contents(place.cluster, contents)
    elif plan.description:
        revision = history.last(place.helm, place.name)
        if revision is None or revision.description != plan.description:
            problem = "somebody else has changed the release in the meantime"
            hint = "run the same command again to replace their packages"
            raise DevcacheError(problem, where=f"release {place.name}", hint=hint)


def _quiet(
    timeout: float, report: Callable[[Mapping[str, State]], None] = lambda _: None
) -> Progress:
    """Return a progress that shows states and no other step."""
    return Progress(lambda _: None, timeout, report=report, hint=AGAIN_HINT)
