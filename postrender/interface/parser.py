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
from postrender.errors import closest, is_utf8, one_line, quoted
from postrender.interface import arguments
from postrender.interface.command import DOCUMENTATION, PROGRAM, Command, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from postrender.interface.command import Options

FILTER = "filter"
"""The command of a call without a command."""

_FILTER_OPTIONS = ("--config", "--part")
"""The options of the filter, which may precede a command. The filter itself is slow to import."""

_COMMANDS = "postrender.commands"
"""The package of the commands. The parser imports a command by name, because the command may import
the parser."""


class _Parser(argparse.ArgumentParser):
    """A parser that neither prints an error nor exits.

    Attributes:
        commands: The parsers of the commands, by name.
    """

    commands: Mapping[str, _Parser] = {}

    def error(self, message: str) -> NoReturn:
        """Raise an error: Helm 4 would not show the output of argparse."""
        explained = f"{one_line(message)}\n{self.format_usage().strip()}"
        raise UsageError(explained)

    def has_option(self, word: str) -> bool:
        """Return whether a word is an option of this parser, or the beginning of one."""
        option = word.partition("=")[0]
        return any(string.startswith(option) for string in self._option_string_actions)

    def closest(self, word: str) -> str:
        """Return a suggestion for an option that this parser lacks, or ""."""
        options = [option for option in self._option_string_actions if option.startswith("--")]
        return closest(word.partition("=")[0], options)


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
    rest: tuple[str, ...] = ()
    if "--" in argv and first in names() and load(first).rest:
        end = argv.index("--")
        argv, rest = argv[:end], tuple(argv[end + 1 :])
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            options: Options = _options(argv, loaded)
    except SystemExit:  # of --help and --version
        return Command("", "", arguments.none, run=printed.getvalue), {}
    name = str(options.pop("command", None) or FILTER)
    command = load(name)
    if rest:
        options[command.rest] = rest
    problem = _problem(command, options)
    if problem:
        explained = f"{name}: {problem}"
        raise UsageError(explained)
    return command, options


def _problem(command: Command, options: Options) -> str:
    """Return a problem of the combination of a command and its options, or ""."""
    problem = command.problem(options)
    for option in _FILTER_OPTIONS:  # may precede the command
        name = option.removeprefix("--")
        if name in options and name not in signature(command.run).parameters:
            problem = f"does not take {option}"
    if "relative_to_file" in options and not {"config", "values_files", "file"} & options.keys():
        problem = "--relative-to-file needs a file: -f FILE or --config FILE"
    rest = options.get(command.rest, ())
    words = rest if isinstance(rest, tuple) else ()
    for value in (*options.values(), *words):
        if isinstance(value, str) and not is_utf8(value):
            problem = f"an argument is not UTF-8: {quoted(value)}"
    return problem


def _options(argv: Sequence[str], loaded: Iterable[str]) -> Options:
    """Return the options of a call, after a check of its command and of the names of its options.

    Raises:
        UsageError: The arguments are invalid.
    """
    root = parser(loaded)
    problem = _command_problem(argv, root)
    if problem:
        root.error(problem)
    namespace, unknown = root.parse_known_args(argv)
    options: Options = vars(namespace)
    if unknown:
        name = str(options.get("command", ""))
        command = root.commands.get(name, root)
        problem = f"unrecognized arguments: {' '.join(unknown)}"
        suggestion = command.closest(unknown[0])
        if not unknown[0].startswith("-") and command.has_option("-f"):
            suggestion = "it reads the packages that -f FILE declares; `init` declares packages"
        command.error(_with_suggestion(problem, suggestion))
    return options


def _command_problem(argv: Sequence[str], root: _Parser) -> str:
    """Return the problem of a call whose first words are neither a command nor an option, or ""."""
    words = list(argv)
    while words and words[0].partition("=")[0] in _FILTER_OPTIONS:
        del words[: 1 if "=" in words[0] else 2]
    first = words[0] if words else ""
    if not first or first in names() or root.has_option(first):
        return ""
    if not first.startswith("-"):
        suggestion = closest(first, names()) or f"the commands are {', '.join(names())}"
        return _with_suggestion(f"there is no command {quoted(first)}", suggestion)
    commands = [name for name, command in root.commands.items() if command.has_option(first)]
    if not commands:
        return _with_suggestion(f"there is no option {quoted(first)}", root.closest(first))
    command = next((name for name in (*words, "check") if name in commands), commands[0])
    suggestion = f"did you mean `{PROGRAM} {command} {first.partition('=')[0]}`?"
    return _with_suggestion(f"{quoted(first)} is an option of a command", suggestion)


def _with_suggestion(problem: str, suggestion: str) -> str:
    return f"{problem}; {suggestion}" if suggestion else problem


def parser(loaded: Iterable[str]) -> _Parser:
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
    arguments.part(root)
    arguments.relative_to_file(root)
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
    root.commands = subparsers.choices
    return root


def _epilog(example: str) -> str:
    return f"example:\n  {PROGRAM} {example}\n\ndocumentation: {DOCUMENTATION}"
