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


def run(
    *,
    tell: Tell,
    name: str,
    namespace: str = "crossplane-system",
    context: str = "",
    timeout: float = 300,
) -> str:
    """Remove the package, and return a message.

    Args:
        tell: Shows the current step.
        name: The name of the package object.
        namespace: The namespace of the release.
        context: The context of the kubeconfig, or "" for the current one.
        timeout: Seconds after which the command fails.

    Raises:
        DevcacheError: The release declares the package, no push has added it, or the cluster
            refuses a request.
    """
    seconds = unload.unload(Cluster(context, namespace), name, Progress(tell, timeout))
    return f"unloaded {name}, {seconds:.2f} s in all\n"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the name of the package object")
    arguments.cluster(parser)
    arguments.timeout(parser)


COMMAND = Command(
    help="remove a package that a push added",
    example="unload extra",
    arguments=_arguments,
    run=run,
    shows="progress",
)
