"""`completion`: a script by which a shell completes the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from postrender import arguments


def run(*, shell: str) -> str:
    """Return the script for a shell, one of `arguments.SHELLS`."""
    import shtab

    parser = arguments.parser()
    _complete_files(parser)
    return f"{shtab.complete(parser, shell)}\n"


def _complete_files(parser: argparse.ArgumentParser) -> None:
    """Have the arguments that are paths completed as such."""
    import shtab

    for action in parser._actions:  # noqa: SLF001  # argparse tells them in no other way
        if action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # how shtab is told
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  # likewise
            for command in action.choices.values():
                _complete_files(command)
