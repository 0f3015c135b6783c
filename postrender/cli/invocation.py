"""Parses the arguments into a command and its options. A call by Helm loads no parser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postrender.interface.command import Command, Options


def parse(argv: Sequence[str] | None) -> tuple[Command, Options]:
    """Return the command and its options.

    Args:
        argv: The arguments, without the program's name; by default those of this process.

    Raises:
        UsageError: The arguments are invalid.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    options: Options = {}
    match arguments:
        case []:
            pass
        case [config] if config.startswith("--config="):
            options = {"config": Path(config.partition("=")[2])}
        case [config, "--relative-to-file"] if config.startswith("--config="):
            options = {"config": Path(config.partition("=")[2]), "relative_to_file": True}
        case _:
            from postrender.interface import parser  # noqa: PLC0415  # takes a fifth of the filter's time

            return parser.parse(arguments)
    from postrender.commands import filter as filter_command  # noqa: PLC0415  # slow: imports YAML

    return filter_command.COMMAND, options
