"""The removal of packages, and the wait until Crossplane has removed what they installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.live import kinds
from postrender.live.kinds import COMPOSITE_DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.live.cluster import Cluster
    from postrender.live.installed import Package
    from postrender.live.kinds import Kind, Object
    from postrender.live.stopwatch import Stopwatch


def await_end(
    cluster: Cluster,
    revisions: Iterable[tuple[Kind, Object]],
    definitions: Iterable[Object],
    stopwatch: Stopwatch,
) -> None:
    """Wait until revisions and CompositeResourceDefinitions are gone.

    The API server deletes a revision after its package, and the definitions after the revision.
    Each has a finalizer, so Crossplane must run until then.

    Args:
        cluster: The cluster.
        revisions: The revisions, with their kinds.
        definitions: The definitions.
        stopwatch: Ends the wait.

    Raises:
        DevcacheError: The timeout has expired.
    """
    objects = [(kind, kinds.name(value)) for kind, value in revisions]
    objects += [(COMPOSITE_DEFINITIONS, kinds.name(value)) for value in definitions]
    while objects := [(kind, name) for kind, name in objects if cluster.get(kind, name)]:
        kind, name = objects[0]
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
