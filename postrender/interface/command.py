"""The contract of a command. Each module of `postrender/commands` exports one `COMMAND`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from postrender.interface.report import Report

PROGRAM = "crossplane-devcache"
"""The name of the program."""

DOCUMENTATION = "https://github.com/crossplane-devcache/crossplane-devcache#readme"
"""The start of the documentation, for `--help`."""

Options = dict[str, object]
"""The options of a call, by the names of the parameters of the command's `run`."""


class Run(Protocol):
    """The function that runs a command: it takes options, and returns the output."""

    # The parameters differ from command to command, and only the parser knows them.
    def __call__(  # type: ignore[explicit-any]
        self,
        *arguments: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> str | list[bytes] | Iterator[bytes] | Report:
        """Run the command.

        Raises:
            DevcacheError: The command refuses its input.
        """


class Stdin(NamedTuple):
    """The use of stdin.

    Attributes:
        parameter: The parameter of `run` that takes the bytes.
        origin: The input and the program that writes it, for the error if stdin is a terminal.
        option: The option that makes the command read stdin, or "" if it always reads stdin.
    """

    parameter: str
    origin: str
    option: str = ""


class Command(NamedTuple):
    """A command.

    Attributes:
        help: Its line in `--help`.
        example: The arguments of a useful call after the program's name, for `--help`.
        arguments: Adds its arguments to a parser.
        run: Takes the options as keyword arguments, and returns the output.
        problem: Returns a problem of the options that argparse cannot detect, or "".
        stdin: Its use of stdin, or None.
        rest: The parameter of `run` that takes the arguments after `--`, or "" without one.
        shows: Its output while it runs: nothing, progress through the parameter `tell` of `run`,
            a changing view through the parameter `show`, or on stderr several steps with a view
            through the parameter `screen`.
    """

    help: str
    example: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Run
    problem: Callable[[Options], str] = lambda _: ""
    stdin: Stdin | None = None
    rest: str = ""
    shows: Literal["nothing", "progress", "view", "steps"] = "nothing"


class UsageError(Exception):
    """A command line that is invalid."""
