"""`unload`: removes a package that a push has added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.live import unload
from postrender.live.cluster import Cluster
from postrender.live.stopwatch import Progress

if TYPE_CHECKING:
    import argparse

    from postrender.interface.progress import Tell


def run(  # noqa: PLR0913  # the options of the command line
    *,
    tell: Tell,
    name: str,
    namespace: str = "crossplane-system",
    context: str = "",
    timeout: float = 300,
    delete_resources: bool = False,
) -> str:
    """Remove the package, and return a message.

    Args:
        tell: Shows the current step.
        name: The name of the package object.
        namespace: The namespace of the release.
        context: The context of the kubeconfig, or "" for the current one.
        timeout: Seconds after which the command fails.
        delete_resources: Whether to delete the resources of the package's APIs first.

    Raises:
        DevcacheError: The release declares the package, no push has added it, resources of its
            APIs exist, or the cluster refuses a request.
    """
    cluster, progress = Cluster(context, namespace), Progress(tell, timeout)
    seconds = unload.unload(cluster, name, progress, delete_resources=delete_resources)
    return f"unloaded {name}, {seconds:.2f} s in all\n"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the name of the package object")
    arguments.delete_resources(parser)
    arguments.cluster(parser)
    arguments.timeout(parser)


COMMAND = Command(
    help="remove a package that a push added",
    example="unload extra",
    arguments=_arguments,
    run=run,
    shows="progress",
)
