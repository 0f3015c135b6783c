"""`down`: removes packages and Crossplane from a cluster."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from postrender.helm import program
from postrender.installation import deployments, down
from postrender.interface import arguments
from postrender.interface.command import PROGRAM, Command
from postrender.interface.report import Report, Table
from postrender.live.cluster import Cluster

if TYPE_CHECKING:
    import argparse

    from postrender.interface.progress import Screen


def run(  # noqa: PLR0913  # the options of the command line
    *,
    screen: Screen,
    delete_resources: bool = False,
    purge: bool = False,
    namespace: str = "crossplane-system",
    context: str = "",
    timeout: float = 300,
) -> Report:
    """Remove packages and Crossplane, and return the report.

    Args:
        screen: Shows the steps.
        delete_resources: Whether to delete the resources of the packages' APIs first.
        purge: Whether to remove Crossplane's CRDs and the namespace, too.
        namespace: The namespace of the release.
        context: The context of the kubeconfig, or "" for the current one.
        timeout: Seconds after which the removal fails.

    Raises:
        DevcacheError: See `down.down`.
    """
    cluster = Cluster(context, namespace)
    with tempfile.TemporaryDirectory(prefix=f"{PROGRAM}-") as folder:
        helm = program.find(context, namespace, Path(folder))
        deployments.require_no_other(cluster)
        outcome = down.down(
            cluster,
            helm,
            deployments.release(cluster),
            screen.tell,
            timeout,
            delete_resources=delete_resources,
            purge=purge,
        )
    total = sum(seconds for _, seconds in outcome.steps)
    return Report(
        value={"removed": list(outcome.removed), "kept": list(outcome.rest)},
        tables=(
            Table("Removed", ("",), tuple((item,) for item in outcome.removed)),
            Table("Stays", ("",), tuple((item,) for item in outcome.rest)),
        ),
        summary=f"{'removed' if outcome.removed else 'nothing to do'}, {total:.2f} s in all",
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.delete_resources(parser)
    parser.add_argument(
        "--purge", action="store_true", help="remove Crossplane's CRDs and the namespace, too"
    )
    arguments.cluster(parser)
    arguments.timeout(parser)
    arguments.output(parser)


COMMAND = Command(
    help="remove packages and Crossplane from a cluster",
    example="down",
    arguments=_arguments,
    run=run,
    shows="steps",
)
