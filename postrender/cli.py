"""The command line: argv and stdin in, exit status and stdout out; nothing else prints."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from postrender import __version__
from postrender.errors import DevcacheError, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = "crossplane-devcache"

DONE, REFUSED, USAGE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit statuses."""


class _UsageError(Exception):
    """A command line that cannot be understood."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting: Helm 4 would not show what argparse prints."""
        explained = f"{message}\n{self.format_usage().strip()}"
        raise _UsageError(explained)


def entry() -> NoReturn:
    """Run the console script."""
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments, without the program's name; those of this process by default.

    Returns:
        0 done, 1 refused, 2 wrong usage, 3 a defect of this program, 130 interrupted. Run by
        Helm 4, 0 with the error as the output: Helm shows that, and nothing else of a
        post-renderer that fails.
    """
    try:
        output = _output(_parser().parse_args(argv))
        sys.stdout.buffer.write(output.encode())
        sys.stdout.buffer.flush()
    except DevcacheError as error:
        return _failed(f"error: {error}", REFUSED)
    except _UsageError as error:
        return _failed(f"error: {error}", USAGE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # who reads has gone, e.g. `| head`; Python would complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except Exception as error:  # noqa: BLE001  # a defect: tell where, but quote no content
        return _failed(_defect(error), DEFECT)
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=_NAME,
        description="Filter Helm's rendered manifests: bring local Crossplane packages along.",
        epilog="Without a command: read rendered manifests from stdin, write modified ones.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--config", type=Path, metavar="FILE", help="a DevCache document")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    crds = commands.add_parser("crds", help="print bootstrap CRDs for an upstream chart")
    shown = commands.add_parser("objects", help="print the package objects, to apply them apart")
    commands.add_parser("plugin-dir", help="print the folder of the Helm 4 plugin")

    for command in (crds, shown):
        command.add_argument("--crossplane", required=True, metavar="VERSION", help="e.g. 1.20")
    # As before the command, too, so without a default that would hide the one given there.
    shown.add_argument(
        "--config",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="a DevCache document (required)",
    )
    shown.add_argument("--release", metavar="NAME", help="the Helm release that may adopt them")
    shown.add_argument("--namespace", metavar="NAME", help="that release's namespace")
    return parser


def _output(arguments: argparse.Namespace) -> str:
    """Return what the command prints."""
    _check_usage(arguments)
    if arguments.command == "plugin-dir":
        return f"{Path(__file__).parent / 'plugin' / _NAME}\n"
    # The one lazy seam: --version, --help and usage errors load no YAML library.
    from postrender import commands  # noqa: PLC0415

    if arguments.command == "crds":
        return commands.crds(arguments.crossplane)
    if arguments.command == "objects":
        owner = (arguments.release, arguments.namespace) if arguments.release else None
        return commands.objects(arguments.config, arguments.crossplane, owner, Path())
    return commands.filter_stream(sys.stdin.buffer.read(), arguments.config, Path())


def _check_usage(arguments: argparse.Namespace) -> None:
    """Refuse what argparse cannot see."""
    command, problem = arguments.command, ""
    if command is None and sys.stdin.isatty():
        problem = f"reads rendered manifests from stdin: helm ... --post-renderer {_NAME}"
    elif command in {"crds", "plugin-dir"} and arguments.config:
        problem = f"{command} takes no --config"
    elif command == "objects" and not arguments.config:
        problem = "objects needs --config FILE"
    elif command == "objects" and (arguments.release is None) != (arguments.namespace is None):
        problem = "objects: --release and --namespace go together"
    if problem:
        raise _UsageError(problem)


def _failed(message: str, status: int) -> int:
    """Print an error where the user sees it, and return the exit status for that."""
    text = f"{_NAME}: {printable(message)}"
    if os.environ.get("HELM_PLUGIN_NAME") != _NAME:
        sys.stderr.write(f"{text}\n")
        return status
    # Helm 4 throws stderr away. It shows a document that is no mapping, and then fails.
    lines = "".join(f"  {line}\n" for line in text.splitlines())
    sys.stdout.buffer.write(f"|\n{lines}".encode())
    return DONE


def _defect(error: Exception) -> str:
    import traceback  # noqa: PLC0415  # only for a defect

    frames = "".join(traceback.format_tb(error.__traceback__))
    kind = type(error).__name__
    return f"defect: {kind}; please report it with the lines below\n{frames}"
