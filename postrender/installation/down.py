"""The steps of `down`: removes packages and Crossplane, in the order that leaves no finalizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender import labels
from postrender.errors import DevcacheError
from postrender.helm import charts, program, upgrade
from postrender.installation import deployments, idle, leases, leftovers
from postrender.live import access, cluster_packages, kinds, removal, resources
from postrender.live.kinds import CONFIG_MAPS, NAMESPACES
from postrender.live.stopwatch import AGAIN_HINT, Progress, Stopwatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postrender.helm.history import Revision
    from postrender.helm.program import Helm
    from postrender.interface.progress import Tell
    from postrender.live.cluster import Cluster
    from postrender.live.cluster_packages import Package
    from postrender.live.kinds import Kind


class Outcome(NamedTuple):
    """The outcome of a removal.

    Attributes:
        steps: The steps, with the seconds that each took.
        removed: The removed packages, and the release.
        rest: The objects that stay on purpose, each with the reason.
    """

    steps: tuple[tuple[str, float], ...]
    removed: tuple[str, ...]
    rest: tuple[str, ...]


def down(  # noqa: PLR0913  # the options of the command
    cluster: Cluster,
    helm: Helm,
    name: str,
    tell: Tell,
    timeout: float,
    *,
    delete_resources: bool,
    purge: bool,
) -> Outcome:
    """Remove all packages, and uninstall Crossplane. A repetition resumes or does nothing.

    Args:
        cluster: The cluster.
        helm: Helm.
        name: The name of the release.
        tell: Shows a step.
        timeout: Seconds after which the removal fails.
        delete_resources: Whether to delete the resources of the packages' APIs first.
        purge: Whether to remove Crossplane's CRDs and the namespace, too.

    Raises:
        DevcacheError: The release is not of this project, resources exist, helm fails, or the
            timeout has expired.
    """
    stopwatch = Stopwatch(Progress(lambda _: None, timeout, hint=AGAIN_HINT))
    revision = idle.await_idle(cluster, helm, name, stopwatch, tell)
    packages = cluster_packages.read(cluster, name)
    removable = [package for package in packages if package.is_removable]
    _require_ours(cluster, name, revision, removable)
    is_running = deployments.is_running(cluster, name)
    _remove_resources(cluster, removable, stopwatch, delete=delete_resources, running=is_running)
    stopwatch.end_step("no resources")
    if removable:
        tell(f"removing {', '.join(map(str, removable))}")
    ends = resources.objects(cluster, cluster_packages.revisions(removable))
    if is_running:
        _remove_packages(cluster, removable, ends, stopwatch)
        stopwatch.end_step("packages removed")
    if revision:
        tell(program.command(upgrade.uninstall(helm, name)))
        program.run(helm, upgrade.uninstall(helm, name), tell)
        deployments.await_pods_gone(cluster, name, stopwatch)
        stopwatch.end_step("uninstalled")
    remains = list(map(kinds.name, deployments.of_release(cluster, name)))
    if not remains:
        leases.delete(cluster)
        leftovers.delete_webhooks(cluster)
    if not is_running:
        removal.remove(cluster, removable, stopwatch)
        leftovers.release_finalizers(cluster, ends, stopwatch)
    if len(removable) == len(packages):
        leftovers.release_lock(cluster)
    leftovers.delete_ours(cluster)
    stopwatch.end_step("nothing of this project is left")
    rest = [
        f"{package}: neither this project nor the release added it"
        for package in packages
        if not package.is_removable
    ]
    removed = [str(package) for package in removable if package.has_object]
    removed += [f"release {name}"] if revision else []
    rest += [f"Deployment {item}: no release of Helm owns it" for item in remains]
    if purge and not remains:
        purged, others = _purge(cluster, stopwatch)
        removed += purged
        rest += others
    else:
        rest += _without_purge(cluster)
    return Outcome(tuple(stopwatch.steps), tuple(removed), tuple(rest))


def _require_ours(
    cluster: Cluster, name: str, revision: Revision | None, removable: Sequence[Package]
) -> None:
    """Refuse a release that has no packages of this project.

    Raises:
        DevcacheError: It is such a release.
    """
    if revision is None or revision.status != "deployed" or revision.chart == charts.OURS:
        return
    if any(package.is_ours for package in removable):
        return
    if cluster.select(CONFIG_MAPS, {labels.PART_OF: labels.OWNER}):
        return
    problem = f"the release {name} has no packages from disk: it is not of this project"
    raise DevcacheError(problem, where=cluster.title, hint="run helm uninstall to remove it")


def _remove_resources(
    cluster: Cluster,
    packages: Sequence[Package],
    stopwatch: Stopwatch,
    *,
    delete: bool,
    running: bool,
) -> None:
    """Require that no resource of the packages' APIs exists, or delete all of them.

    Raises:
        DevcacheError: Resources exist, and `delete` is not set or Crossplane does not run.
    """
    revisions = [revision for _, revision in cluster_packages.revisions(packages)]
    apis = resources.of_revisions(cluster, revisions)
    existing = resources.existing(cluster, apis)
    if not existing:
        return
    if not running:
        hint = "Crossplane does not run, and only it can delete them: run `up` first"
        raise resources.refusal(existing, "removing the packages", hint)
    if not delete:
        hint = "delete them first, or run the same command with --delete-resources"
        raise resources.refusal(existing, "removing the packages", hint)
    resources.delete(cluster, apis, stopwatch)


def _remove_packages(
    cluster: Cluster,
    packages: Sequence[Package],
    ends: Sequence[tuple[Kind, str]],
    stopwatch: Stopwatch,
) -> None:
    """Remove packages while Crossplane runs."""
    revisions = [revision for _, revision in cluster_packages.revisions(packages)]
    definitions = resources.composite_definitions(cluster, revisions)
    access.await_access(cluster, definitions, stopwatch)
    removal.remove(cluster, packages, stopwatch)
    removal.await_end(cluster, ends, stopwatch)


def _without_purge(cluster: Cluster) -> list[str]:
    rest = []
    if crds := leftovers.definitions(cluster):
        rest.append(f"{len(crds)} CRDs of Crossplane: --purge removes them")
    if cluster.get(NAMESPACES, cluster.namespace):
        rest.append(f"namespace {cluster.namespace}: --purge removes it")
    return rest


def _purge(cluster: Cluster, stopwatch: Stopwatch) -> tuple[list[str], list[str]]:
    """Remove Crossplane's CRDs and the namespace, unless a user has objects in them.

    Returns:
        The removed objects, and the objects that stay.
    """
    removed, rest = [], []
    crds = leftovers.definitions(cluster)
    if foreign := leftovers.foreign(cluster, crds):
        names = leftovers.summary(foreign)
        rest.append(f"{len(crds)} CRDs of Crossplane: they would delete {names}")
    elif crds:
        leftovers.delete_definitions(cluster, crds, stopwatch)
        removed.append(f"{len(crds)} CRDs of Crossplane")
    if cluster.get(NAMESPACES, cluster.namespace):
        if contents := leftovers.contents(cluster):
            names = leftovers.summary(contents)
            rest.append(f"namespace {cluster.namespace}: it contains {names}")
        else:
            leftovers.delete_namespace(cluster, stopwatch)
            removed.append(f"namespace {cluster.namespace}")
    stopwatch.end_step("purged")
    return removed, rest
