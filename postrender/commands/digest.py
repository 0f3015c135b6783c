"""`digest`: prints a digest of all that the filter adds, for programs that compare inputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.checks import inputs
from postrender.declared import devcache, options
from postrender.errors import raise_refusal
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.release import digest
from postrender.release.digest import CacheVolume

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def run(
    *,
    values_files: Sequence[Path] = (),
    config: Path | None = None,
    crossplane: str = "",
    relative_to_file: bool = False,
) -> str:
    """Return the digest as a line; see `digest.of_declaration`.

    Args:
        values_files: Values files of our chart, or none.
        config: A file with a DevCache document in place of values files, or None.
        crossplane: The Crossplane version; by default the declared one, else that of our chart.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: The filter refuses the declaration, or the version is not supported.
    """
    spec, upstream = options.load(values_files, config, relative_to_file=relative_to_file)
    declared = devcache.read(spec, refuse=raise_refusal)
    target = inputs.target(crossplane, declared, upstream)
    volume = CacheVolume(upstream.size_limit, upstream.claim)
    cache = result_cache.of_user(os.environ)
    return f"{digest.of_declaration(declared, target, volume, Path(), cache)}\n"


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.declaration(parser)
    arguments.declared_crossplane(parser)


COMMAND = Command(
    help="print a digest that changes when a package or its declaration changes",
    example="digest -f values.yaml",
    arguments=_arguments,
    run=run,
    problem=arguments.declaration_problem,
)
