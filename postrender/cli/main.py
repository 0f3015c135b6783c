"""The command line: argv and stdin in, exit status and stdout out; nothing else prints."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from postrender.cli import invocation
from postrender.errors import DevcacheError, printable
from postrender.interface.command import PROGRAM, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postrender.interface.command import Command, Options
    from postrender.interface.report import Report

DONE, REFUSED, USAGE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit statuses."""


def entry() -> NoReturn:
    """Run the console script.

    The process ends after one command. To collect garbage and to tear the interpreter down would
    take an eighth of the filter's time.
    """
    gc.disable()
    os._exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments, without the program's name; those of this process by default.

    Returns:
        0 success, 1 a refusal, 2 wrong usage, 3 a defect of this program, 130 an interrupt. For
        Helm 4, 0 with the error as the output, because Helm 4 shows no other message of a
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
    except BrokenPipeError:  # the reader has ended, e.g. `| head`; Python would complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except Exception as error:  # noqa: BLE001  # a defect: name the place, but quote no content
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


def _run(command: Command, options: Options) -> tuple[list[bytes], int]:
    """Return the output of a command, in pieces, and its exit status."""
    form = options.pop("output", "table")
    options = {**options, **_stdin(command, options)}
    match command.shows:
        case "nothing":
            return _output(command.run(**options), form)
        case "progress":
            from postrender.cli import display  # noqa: PLC0415  # the filter shows nothing

            with display.progress(sys.stderr) as tell:
                output = command.run(tell=tell, **options)
            return _output(output, form)
        case "view":
            from postrender.cli import display  # noqa: PLC0415  # the filter shows nothing

            gc.enable()  # see `entry`: this command runs for days
            with display.view(sys.stdout) as show:
                return _output(command.run(show=show, **options), form)


def _stdin(command: Command, options: Options) -> Options:
    """Return the option that stdin is for, if the command reads it."""
    stdin = command.stdin
    if stdin is None or (stdin.option and stdin.option not in options):
        return {}
    if sys.stdin.isatty():
        problem = f"reads {stdin.origin}"
        raise UsageError(problem)
    return {stdin.parameter: sys.stdin.buffer.read()}


def _output(output: str | list[bytes] | Report, form: object) -> tuple[list[bytes], int]:
    """Return an output in pieces, and the exit status for it."""
    if isinstance(output, list):
        return output, DONE
    if isinstance(output, str):
        return [output.encode()], DONE
    from postrender.cli import display  # noqa: PLC0415  # the filter shows nothing

    status = REFUSED if output.refused else DONE
    if form == "json":
        return [display.as_json(output).encode()], status
    return [display.as_text(output, terminal=sys.stdout.isatty()).encode()], status


def _failed(message: str, status: int) -> int:
    """Print an error where the user sees it, and return the exit status."""
    text = f"{PROGRAM}: {printable(message)}"
    if os.environ.get("HELM_PLUGIN_NAME") != PROGRAM:
        sys.stderr.write(f"{text}\n")
        return status
    # Helm 4 discards stderr. It shows a document that is no mapping, and then fails.
    lines = "".join(f"  {line}\n" for line in text.splitlines())
    sys.stdout.buffer.write(f"|\n{lines}".encode())
    sys.stdout.buffer.flush()
    return DONE


def _defect(error: Exception) -> str:
    import traceback  # noqa: PLC0415  # only for a defect

    frames = "".join(traceback.format_tb(error.__traceback__))
    kind = type(error).__name__
    return f"defect: {kind}; please report it with the lines below\n{frames}"
