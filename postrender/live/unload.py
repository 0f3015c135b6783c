"""Removing a package that a push has added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.live import objects, plan, releases
from postrender.live.cluster import ConflictError
from postrender.live.stopwatch import Stopwatch

if TYPE_CHECKING:
    from postrender.live.cluster import Cluster
    from postrender.live.stopwatch import Progress


def unload(cluster: Cluster, name: str, progress: Progress) -> float:
    """Remove a package's objects, and then it from the cache; return the seconds that it took.

    Args:
        cluster: The cluster.
        name: The package's name.
        progress: Who is told, and when it is given up.

    Raises:
        DevcacheError: The release declares the package, or no push has added it.
    """
    watch = Stopwatch(progress)
    release = releases.find(cluster)
    plan.unload(release, name)  # refuses before anything is deleted
    kind = release.pushed.packages[name].kind
    progress.tell(f"deleting {kind} {name}")
    while objects.uninstall(cluster, release, name, kind):
        watch.wait(f"{kind} {name} is still there")
    while True:
        try:
            releases.write(cluster, release, plan.unload(release, name))
        except ConflictError:
            release = releases.find(cluster)
            continue
        return watch.seconds
