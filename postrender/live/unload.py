"""Removes a package that a push has added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender import labels
from postrender.live import access, kinds, objects, plan, releases, removal, resources
from postrender.live.cluster import ConflictError
from postrender.live.stopwatch import Stopwatch

if TYPE_CHECKING:
    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Object
    from postrender.live.releases import Release
    from postrender.live.stopwatch import Progress


def unload(
    cluster: Cluster, name: str, progress: Progress, *, delete_resources: bool = False
) -> float:
    """Delete the objects of a package, and remove it from the cache; return the seconds.

    Args:
        cluster: The cluster.
        name: The name of the package object.
        progress: The progress messages and the timeout.
        delete_resources: Whether to delete the resources of its APIs first.

    Raises:
        DevcacheError: The release declares the package, no push has added it, resources of its
            APIs exist, or the timeout has expired.
    """
    stopwatch = Stopwatch(progress)
    release = releases.find(cluster)
    plan.unload(release, name)  # refuse before anything is deleted
    kind = release.push_record.packages[name].kind
    revisions = _revisions(cluster, release, name, kind)
    apis = resources.of_revisions(cluster, revisions)
    if delete_resources:
        resources.delete(cluster, apis, stopwatch)
    elif existing := resources.existing(cluster, apis):
        hint = "delete them first, or run the same command with --delete-resources"
        raise resources.refusal(existing, f"unloading {name}", hint)
    access.await_access(cluster, resources.composite_definitions(cluster, revisions), stopwatch)
    revision_kind = kinds.revision_kind(kind, release.target)
    ends = resources.objects(cluster, [(revision_kind, revision) for revision in revisions])
    progress.tell(f"deleting {kind} {name}")
    while objects.uninstall(cluster, release, name, kind):
        stopwatch.wait(f"{kind} {name} still exists")
    removal.await_end(cluster, ends, stopwatch)
    while True:
        try:
            releases.write(cluster, release, plan.unload(release, name))
        except ConflictError:
            release = releases.find(cluster)
            continue
        return stopwatch.seconds


def _revisions(cluster: Cluster, release: Release, name: str, kind: str) -> list[Object]:
    """Return the revisions of a package."""
    revision_kind = kinds.revision_kind(kind, release.target)
    return cluster.select(revision_kind, {labels.PARENT: name})
