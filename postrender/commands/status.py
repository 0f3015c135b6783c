"""`status`: what the pods have of the packages, and what Crossplane makes of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.interface.report import Report, Table
from postrender.live import inventory, selection
from postrender.live.cluster import Cluster

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.interface.progress import Tell
    from postrender.live.inventory import Inventory, Item


_DIGITS = 12
"""Of a sum, so many tell one content from another."""


def run(
    *,
    tell: Tell,
    values_files: Sequence[Path] = (),
    namespace: str = "crossplane-system",
    context: str = "",
) -> Report:
    """Return what there is.

    Args:
        tell: Is told what is being done.
        values_files: Values files of our chart, to compare with what they name on disk; without
            them the paths count that the release was installed from.
        namespace: The namespace of the release.
        context: The context of the kubeconfig, or "" for the current one.

    Raises:
        DevcacheError: There is no release in live mode, or the cluster refuses.
    """
    tell("asking the cluster")
    declared, cache = selection.declared(values_files), result_cache.of_user(os.environ)
    return report(inventory.take(Cluster(context, namespace), declared, cache))


def report(release: Inventory) -> Report:
    """Return what is told of it."""
    healthy = sum(not one.trouble for one in release.items)
    return Report(
        value={
            "pods": [{"name": one.name, "cached": dict(one.cached)} for one in release.pods],
            "packages": [
                {
                    "name": one.entry.name,
                    "kind": one.entry.kind,
                    "package": one.entry.package,
                    "origin": one.origin,
                    "content": one.entry.content,
                    "released": one.entry.released,
                    "file": one.entry.file,
                    "disk": one.disk,
                    "lagging": list(one.lagging),
                    "revision": one.state.revision,
                    "healthy": not one.trouble,
                    "trouble": one.trouble,
                }
                for one in release.items
            ],
        },
        tables=(
            Table(
                "Packages",
                ("PACKAGE", "FROM", "ON DISK", "IN PODS", "REVISION", "STATE"),
                tuple(_row(one, len(release.pods)) for one in release.items),
            ),
            Table(
                "Loaded",
                ("POD", "FILE IN ITS CACHE", "SHA256"),
                tuple(
                    (pod.name, file, f"{content[:_DIGITS]}...")
                    for pod in release.pods
                    for file, content in sorted(pod.cached.items())
                ),
            ),
        ),
        summary=f"packages: {len(release.items)}, healthy: {healthy}, pods: {len(release.pods)}",
    )


def _row(one: Item, pods: int) -> tuple[str, ...]:
    loaded = f"{pods - len(one.lagging)} of {pods}"
    if one.lagging:
        loaded = f"{loaded}, not in {', '.join(one.lagging)}"
    state = one.trouble or "Healthy"
    return (one.entry.name, one.origin, one.disk, loaded, one.state.revision, state)


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.values(parser)
    arguments.cluster(parser)
    arguments.output(parser)


COMMAND = Command(
    help="show the packages of a release in live mode, and their health",
    arguments=_arguments,
    run=run,
    shows="progress",
)
