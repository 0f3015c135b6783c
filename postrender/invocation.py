"""A call of the program as a command and its options; Helm's calls need no parser for that."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "crossplane-devcache"

FILTER = "filter"
"""The command that stands for none."""

TOLD = frozenset(("check", "init", "inspect", "push", "status", "unload"))
"""The commands that tell what they are doing: their `run` has an argument `tell`."""

WATCH = "watch"
"""The command that shows how it goes as long as it runs: its `run` has an argument `show`."""

Options = dict[str, object]
"""The options that were given, by the names of a command's arguments."""


class UsageError(Exception):
    """A command line that cannot be understood."""


def parse(argv: Sequence[str] | None) -> tuple[str, Options]:
    """Return the command and its options.

    Args:
        argv: The arguments, without the program's name; those of this process by default.

    Raises:
        UsageError: They are wrong.
    """
    match list(sys.argv[1:] if argv is None else argv):
        case []:
            return FILTER, {}
        case [only] if only.startswith("--config="):
            return FILTER, {"config": Path(only.partition("=")[2])}
        case given:
            # argparse and its parser would take a fifth of the time that a call by Helm takes.
            from postrender import arguments  # noqa: PLC0415

            return arguments.parse(given)


def on_stdin(command: str, options: Options) -> tuple[str, str] | None:
    """Return the name of the argument that stdin is for, and what to put there; or None."""
    if command == FILTER:
        return "rendered", f"rendered manifests from stdin: helm ... --post-renderer {NAME}"
    if "prune" in options:
        return "listed", "a list from stdin: kubectl get configmaps,deployments,replicasets,pods"
    return None
