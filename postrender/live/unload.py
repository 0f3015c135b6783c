"""Removes a package that a push has added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.live import objects, plan, releases
from postrender.live.cluster import ConflictError
from postrender.live.stopwatch import Stopwatch

if TYPE_CHECKING:
    from postrender.live.cluster import Cluster
    from postrender.live.stopwatch import Progress


def unload(cluster: Cluster, name: str, progress: Progress) -> float:
    """Delete the objects of a package, and remove it from the cache; return the seconds.

    Args:
        cluster: The cluster.
        name: The name of the package object.
        progress: The progress messages and the timeout.

    Raises:
        DevcacheError: The release declares the package, no push has added it, or the timeout has
            expired.
    """
    stopwatch = Stopwatch(progress)
    release = releases.find(cluster)
    plan.unload(release, name)  # refuse before anything is deleted
    kind = release.push_record.packages[name].kind
    progress.tell(f"deleting {kind} {name}")
    while objects.uninstall(cluster, release, name, kind):
        stopwatch.wait(f"{kind} {name} still exists")
    while True:
        try:
            releases.write(cluster, release, plan.unload(release, name))
        except ConflictError:
            release = releases.find(cluster)
            continue
        return stopwatch.seconds
