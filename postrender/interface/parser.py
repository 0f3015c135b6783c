"""The parser of the command line, which asks each command for its arguments."""

from __future__ import annotations

import argparse
import io
from contextlib import redirect_stdout
from functools import cache
from importlib import import_module
from inspect import signature
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, NoReturn

from postrender import __version__
from postrender.errors import is_utf8, one_line, quoted
from postrender.interface import arguments
from postrender.interface.command import DOCUMENTATION, PROGRAM, Command, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.interface.command import Options

FILTER = "filter"
"""The command of a call without a command."""

_COMMANDS = "postrender.commands"
"""The package of the commands. The parser imports a command by name, because the command may import
the parser."""


class _Parser(argparse.ArgumentParser):
    """A parser that neither prints an error nor exits."""

    def error(self, message: str) -> NoReturn:
        """Raise an error: Helm 4 would not show the output of argparse."""
        explained = f"{one_line(message)}\n{self.format_usage().strip()}"
        raise UsageError(explained)


def load(name: str) -> Command:
    """Return a command by its name, e.g. `plugin-dir`."""
    module = import_module(f"{_COMMANDS}.{name.replace('-', '_')}")
    command: Command = module.COMMAND
    return command


@cache
def names() -> tuple[str, ...]:
    """Return the names of all commands except the filter, which has no name."""
    modules = (
        module.name.replace("_", "-") for module in iter_modules(import_module(_COMMANDS).__path__)
    )
    return tuple(name for name in modules if name != FILTER)


def parse(argv: Sequence[str]) -> tuple[Command, Options]:
    """Return the command and its options.

    A call that begins with a command loads only that command, and `--version` loads no command. Any
    other call, e.g. `--help`, loads all commands.

    Args:
        argv: The arguments, without the program's name.

    Raises:
        UsageError: The arguments are invalid.
    """
    first = argv[0] if argv else ""
    loaded = (first,) if first in names() else names()
    if first == "--version":
        loaded = ()
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            options: Options = vars(parser(loaded).parse_args(argv))
    except SystemExit:  # of --help and --version
        return Command("", "", arguments.none, run=printed.getvalue), {}
    name = str(options.pop("command", None) or FILTER)
    command = load(name)
    problem = command.problem(options)
    if "config" in options and "config" not in signature(command.run).parameters:
        problem = "does not take --config"  # `--config` may precede the command
    for value in options.values():
        if isinstance(value, str) and not is_utf8(value):
            problem = f"an argument is not UTF-8: {quoted(value)}"
    if problem:
        explained = f"{name}: {problem}"
        raise UsageError(explained)
    return command, options


def parser(loaded: Iterable[str]) -> argparse.ArgumentParser:
    """Return the parser of some commands.

    An option that is absent from a call has no value: each command has its own defaults.
    """
    root = _Parser(
        prog=PROGRAM,
        description="Add Crossplane packages from disk to the manifests that Helm renders.",
        epilog="Without a command, read manifests from stdin and write the result to stdout."
        f"\n\n{_epilog('check -f values.yaml')}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    root.add_argument("--version", action="version", version=__version__)
    root.add_argument("--config", type=Path, metavar="FILE", help="a DevCache document")
    subparsers = root.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name in loaded:
        command = load(name)
        subparser = subparsers.add_parser(
            name,
            help=command.help,
            description=command.help,
            epilog=_epilog(command.example),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            argument_default=argparse.SUPPRESS,
        )
        command.arguments(subparser)
    return root


def _epilog(example: str) -> str:
    return f"example:\n  {PROGRAM} {example}\n\ndocumentation: {DOCUMENTATION}"
