"""`completion`: a script that lets a shell complete the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from postrender.interface import parser
from postrender.interface.command import Command

SHELLS = ("bash", "fish", "tcsh", "zsh")
"""The supported shells."""


def run(*, shell: str) -> str:
    """Return the script for a shell, one of `SHELLS`."""
    import shtab

    root = parser.parser(parser.names())
    _complete_files(root)
    return f"{shtab.complete(root, shell)}\n"


def _complete_files(parser: argparse.ArgumentParser) -> None:
    """Enable file completion for all arguments that are paths."""
    import shtab

    for action in parser._actions:  # noqa: SLF001  # argparse has no public attribute
        if action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # the interface of shtab
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  # as above
            for command in action.choices.values():
                _complete_files(command)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell")


COMMAND = Command(
    help="print a script that completes this command in a shell",
    example="completion bash",
    arguments=_arguments,
    run=run,
)
