"""`values`: values of the upstream chart that contain the packages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.chartvalues.values import compose
from postrender.declared import options
from postrender.interface import arguments
from postrender.interface.command import Command

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path


def run(
    *,
    values_files: Sequence[Path] = (),
    config: Path | None = None,
    crossplane: str = "",
    objects: bool = False,
    relative_to_file: bool = False,
) -> str:
    """Return a values file of the upstream chart.

    Args:
        values_files: Values files of our chart, or none.
        config: A file with a DevCache document in place of values files, or None.
        crossplane: The Crossplane version; by default the declared one, else that of our chart.
        objects: Whether the release has the package objects.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: A file cannot be read, the declaration or a package is invalid, or values
            cannot express it.
    """
    spec, upstream = options.load(values_files, config, relative_to_file=relative_to_file)
    cache = result_cache.of_user(os.environ)
    return compose(spec, upstream, crossplane=crossplane, has_objects=objects, cache=cache)


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.declaration(parser)
    arguments.declared_crossplane(parser)
    parser.add_argument(
        "--objects",
        action="store_true",
        help="add the package objects to the release; helm then needs Crossplane's CRDs",
    )


COMMAND = Command(
    help="print values of the upstream chart that contain the packages; they need no post-renderer",
    example="values -f values.yaml > crossplane-values.yaml",
    arguments=_arguments,
    run=run,
    problem=arguments.declaration_problem,
)
