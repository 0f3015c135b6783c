"""The command line: argv and stdin in, exit status and stdout out; nothing else prints."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from postrender import invocation
from postrender.errors import DevcacheError, printable
from postrender.invocation import NAME, TOLD, WATCH, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postrender.invocation import Options
    from postrender.reports import Report

DONE, REFUSED, USAGE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit statuses."""


def entry() -> NoReturn:
    """Run the console script.

    One command, then the process ends: to look for garbage, and to take the interpreter apart
    piece by piece, would be an eighth of the filter's time.
    """
    gc.disable()
    os._exit(main())


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
        output, status = _run(*invocation.parse(argv))
        _write(output)
    except DevcacheError as error:
        return _failed(f"error: {error}", REFUSED)
    except UsageError as error:
        return _failed(f"error: {error}", USAGE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # who reads has gone, e.g. `| head`; Python would complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except Exception as error:  # noqa: BLE001  # a defect: tell where, but quote no content
        return _failed(_defect(error), DEFECT)
    return status


def _write(output: list[bytes]) -> None:
    """Write an output, whole.

    Raises:
        DevcacheError: It cannot be written, e.g. to a full disk.
    """
    try:
        sys.stdout.buffer.writelines(output)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = f"cannot be written: {(error.strerror or 'output error').lower()}"
        raise DevcacheError(problem, where="stdout") from error


def _run(command: str, options: Options) -> tuple[list[bytes], int]:
    """Return what a command prints, in pieces, and its exit status."""
    form = options.pop("output", "table")
    if wanted := invocation.on_stdin(command, options):
        argument, source = wanted
        if sys.stdin.isatty():
            problem = f"reads {source}"
            raise UsageError(problem)
        options = {**options, argument: sys.stdin.buffer.read()}
    # The one lazy seam: --version, --help and usage errors load no YAML library.
    run = import_module(f"postrender.commands.{command.replace('-', '_')}").run
    if command == WATCH:
        from postrender import display  # noqa: PLC0415  # the filter shows nothing

        gc.enable()  # see `entry`: this one runs for days
        with display.view(sys.stdout) as show:
            return _shown(run(show=show, **options), form)
    if command not in TOLD:
        return _shown(run(**options), form)
    from postrender import display  # noqa: PLC0415  # the filter shows nothing

    with display.progress(sys.stderr) as tell:
        output: str | Report = run(tell=tell, **options)
    return _shown(output, form)


def _shown(output: str | list[bytes] | Report, form: object) -> tuple[list[bytes], int]:
    """Return an output in pieces, and the exit status that it stands for."""
    if isinstance(output, list):
        return output, DONE
    if isinstance(output, str):
        return [output.encode()], DONE
    from postrender import display  # noqa: PLC0415  # the filter shows nothing

    status = REFUSED if output.refused else DONE
    if form == "json":
        return [display.as_json(output).encode()], status
    return [display.as_text(output, terminal=sys.stdout.isatty()).encode()], status


def _failed(message: str, status: int) -> int:
    """Print an error where the user sees it, and return the exit status for that."""
    text = f"{NAME}: {printable(message)}"
    if os.environ.get("HELM_PLUGIN_NAME") != NAME:
        sys.stderr.write(f"{text}\n")
        return status
    # Helm 4 throws stderr away. It shows a document that is no mapping, and then fails.
    lines = "".join(f"  {line}\n" for line in text.splitlines())
    sys.stdout.buffer.write(f"|\n{lines}".encode())
    sys.stdout.buffer.flush()
    return DONE


def _defect(error: Exception) -> str:
    import traceback  # noqa: PLC0415  # only for a defect

    frames = "".join(traceback.format_tb(error.__traceback__))
    kind = type(error).__name__
    return f"defect: {kind}; please report it with the lines below\n{frames}"
