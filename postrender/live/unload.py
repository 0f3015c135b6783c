"""Removing a package that a push has added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.live import objects, plan, release
from postrender.live.cluster import ConflictError
from postrender.live.waiting import Stopwatch

if TYPE_CHECKING:
    from postrender.live.cluster import Cluster
    from postrender.live.waiting import Progress


def unload(asked: Cluster, name: str, progress: Progress) -> float:
    """Remove a package's objects, and then it from the cache; return the seconds that it took.

    Args:
        asked: The cluster.
        name: The package's name.
        progress: Who is told, and when it is given up.

    Raises:
        DevcacheError: The release declares the package, or no push has added it.
    """
    watch = Stopwatch(progress)
    found = release.find(asked)
    plan.unload(found, name)  # refuses before anything is deleted
    kind = found.pushed.packages[name].kind
    progress.tell(f"deleting {kind} {name}")
    while objects.uninstall(asked, found, name, kind):
        watch.wait(f"{kind} {name} is still there")
    while True:
        try:
            release.write(asked, found, plan.unload(found, name))
        except ConflictError:
            found = release.find(asked)
            continue
        return watch.seconds
