"""`status`: reports the packages in the pods, and their health in Crossplane."""

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
"""The number of shown digits of a sha256, enough to distinguish contents."""


def run(
    *,
    tell: Tell,
    values_files: Sequence[Path] = (),
    namespace: str = "crossplane-system",
    context: str = "",
    relative_to_file: bool = False,
) -> Report:
    """Return the report on the release in live mode.

    Args:
        tell: Shows the current step.
        values_files: Values files of our chart, to compare their packages on disk; none to compare
            the packages at the paths from which the release was installed.
        namespace: The namespace of the release.
        context: The context of the kubeconfig, or "" for the current one.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: There is no release in live mode, or the cluster refuses a request.
    """
    tell("reading the release")
    declarations = selection.of_values(values_files, relative_to_file=relative_to_file)
    cache = result_cache.of_user(os.environ)
    return report(inventory.read(Cluster(context, namespace), declarations, cache))


def report(release: Inventory) -> Report:
    """Return the report on an inventory."""
    healthy = sum(not item.trouble for item in release.items)
    return Report(
        value={
            "pods": [{"name": pod.name, "cached": dict(pod.cache)} for pod in release.pods],
            "packages": [
                {
                    "name": item.entry.name,
                    "kind": item.entry.kind,
                    "package": item.entry.package,
                    "origin": item.origin,
                    "content": item.entry.content,
                    "released": item.entry.released,
                    "file": item.entry.file,
                    "disk": item.disk,
                    "lagging": list(item.lagging),
                    "revision": item.state.revision,
                    "healthy": not item.trouble,
                    "trouble": item.trouble,
                }
                for item in release.items
            ],
        },
        tables=(
            Table(
                "Packages",
                ("PACKAGE", "FROM", "ON DISK", "IN PODS", "REVISION", "STATE"),
                tuple(_row(item, len(release.pods)) for item in release.items),
            ),
            Table(
                "Loaded",
                ("POD", "FILE IN ITS CACHE", "SHA256"),
                tuple(
                    (pod.name, file, f"{content[:_DIGITS]}...")
                    for pod in release.pods
                    for file, content in sorted(pod.cache.items())
                ),
            ),
        ),
        summary=f"packages: {len(release.items)}, healthy: {healthy}, pods: {len(release.pods)}",
    )


def _row(item: Item, pod_count: int) -> tuple[str, ...]:
    loaded = f"{pod_count - len(item.lagging)} of {pod_count}"
    if item.lagging:
        loaded = f"{loaded}, not in {', '.join(item.lagging)}"
    state = item.trouble or "Healthy"
    return (item.entry.name, item.origin, item.disk, loaded, item.state.revision, state)


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.values(parser)
    arguments.cluster(parser)
    arguments.output(parser)


COMMAND = Command(
    help="show the packages of a release in live mode, and their health",
    example="status --output json",
    arguments=_arguments,
    run=run,
    shows="progress",
)
