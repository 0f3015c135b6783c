"""The removal of packages, and the wait until Crossplane has removed what they installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.live import kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.live.cluster import Cluster
    from postrender.live.cluster_packages import Package
    from postrender.live.kinds import Kind
    from postrender.live.stopwatch import Stopwatch


def await_end(cluster: Cluster, objects: Iterable[tuple[Kind, str]], stopwatch: Stopwatch) -> None:
    """Wait until objects are gone, such as the revisions of packages and their definitions.

    The API server deletes a revision after its package, and the definitions after the revision.
    Each has a finalizer, so Crossplane must run until then.

    Args:
        cluster: The cluster.
        objects: The kinds and names of the objects.
        stopwatch: Ends the wait.

    Raises:
        DevcacheError: The timeout has expired.
    """
    for kind, name in objects:
        while cluster.get(kind, name):
            stopwatch.wait(f"{kind.kind} {name} still exists")


def remove(cluster: Cluster, packages: Sequence[Package], stopwatch: Stopwatch) -> None:
    """Delete package objects, and wait until they are gone.

    Crossplane may install a dependency again while a package that depends on it remains, so a
    package is deleted as often as it appears.

    Raises:
        DevcacheError: The timeout has expired.
    """
    while True:
        current = [
            (package, value)
            for package in packages
            if (value := cluster.get(package.kind, package.name))
        ]
        if not current:
            return
        for package, value in current:
            if not kinds.is_terminating(value):
                cluster.delete(package.kind, package.name)
        names = ", ".join(f"{package.kind.kind} {package.name}" for package, _ in current)
        stopwatch.wait(f"{names} still exists")
