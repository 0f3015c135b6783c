"""`watch`: pushes packages whenever they are saved."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

from postrender import result_cache
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.live import releases, selection, watch
from postrender.live.cluster import Cluster

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.interface.progress import Show


def run(  # noqa: PLR0913  # the options of the command line
    *,
    show: Show,
    paths: Sequence[Path] = (),
    values_files: Sequence[Path] = (),
    namespace: str = "crossplane-system",
    context: str = "",
    timeout: float = 300,
    loader: str = "",
    relative_to_file: bool = False,
) -> NoReturn:
    """Push packages until the user interrupts the command.

    Args:
        show: Shows the view.
        paths: Packages on disk; none for all packages of the values files or of the release.
        values_files: Values files of our chart, or none.
        namespace: The namespace of the release.
        context: The context of the kubeconfig, or "" for the current one.
        loader: A command that reads an image archive from stdin; by default the one of the context.
        timeout: Seconds after which a push fails.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: At the start a path is not a package, or there is no release in live mode.
    """
    cache = result_cache.of_user(os.environ)
    cluster = Cluster(context, namespace, loader)
    declarations = selection.choose(
        releases.find(cluster),
        paths,
        selection.of_values(values_files, relative_to_file=relative_to_file),
        cache,
    )
    watch.watch(cluster, declarations, show, timeout, cache)


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.optional_paths(parser)
    arguments.cluster(parser)
    arguments.timeout(parser)
    arguments.loader(parser)


COMMAND = Command(
    help="push packages whenever you save them, until Ctrl-C",
    example="watch ./platform",
    arguments=_arguments,
    run=run,
    shows="view",
)
