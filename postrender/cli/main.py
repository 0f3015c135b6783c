"""Runs a command: reads arguments and stdin, writes stdout and stderr, sets the exit status."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, NoReturn

from postrender.cli import invocation, streams
from postrender.errors import DevcacheError, printable, quoted, reason
from postrender.interface.command import PROGRAM, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.interface.command import Command, Options
    from postrender.interface.report import Report

DONE, REFUSED, USAGE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit statuses."""


def entry() -> NoReturn:
    """Run the console script.

    The process ends after one command. It skips garbage collection and the teardown of the
    interpreter, which would take an eighth of the filter's time.
    """
    gc.disable()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored
        # Imports can lose a KeyboardInterrupt, so an interrupt ends the process until `_run`.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    os._exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments, without the program's name; by default those of this process.

    Returns:
        0 for success, 1 for a refusal, 2 for wrong usage, 3 for a defect of this program, 130 for
        an interrupt. Under Helm 4 the status of an error is 0, and the error is the output,
        because Helm 4 does not show the stderr of a post-renderer.
    """
    try:
        streams.prepare()
        return _shown(*_outcome(argv))
    except KeyboardInterrupt:
        return INTERRUPTED


def _outcome(argv: Sequence[str] | None) -> tuple[Iterable[bytes], str, int]:
    """Return the output of a command, the message of its error, and the exit status."""
    try:
        return _run(*invocation.parse(argv))
    except DevcacheError as error:
        return error.answer, f"error: {error}", REFUSED
    except UsageError as error:
        return [], f"error: {error}", USAGE
    except BrokenPipeError:  # of a view
        return [], "", REFUSED
    except OSError as error:  # e.g. a working directory that is gone
        where = "" if error.filename is None else quoted(str(error.filename))
        refusal = DevcacheError(f"the system refuses: {reason(error)}", where=where)
        return [], f"error: {refusal}", REFUSED
    except Exception as error:  # noqa: BLE001  # any defect: the message must not quote content
        return [], _defect(error), DEFECT


def _run(command: Command, options: Options) -> tuple[Iterable[bytes], str, int]:
    """Return the output of a command in pieces, the message of its error, and its exit status."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    form = options.pop("output", "table")
    options = {**options, **_stdin(command, options)}
    match command.shows:
        case "nothing":
            return _output(command.run(**options), form)
        case "progress":
            from postrender.cli import display  # noqa: PLC0415  # the filter does not need it

            with display.progress(sys.stderr) as tell:
                output = command.run(tell=tell, **options)
            return _output(output, form)
        case "steps":
            from postrender.cli import display  # noqa: PLC0415  # as above

            gc.enable()  # see `entry`: this command can wait for minutes
            with display.screen(sys.stderr) as screen:
                output = command.run(screen=screen, **options)
            return _output(output, form)
        case "view":
            from postrender.cli import display  # noqa: PLC0415  # as above

            gc.enable()  # see `entry`: this command can run for days
            with display.view(sys.stdout) as show:
                return _output(command.run(show=show, **options), form)


def _stdin(command: Command, options: Options) -> Options:
    """Return the option with the content of stdin, if the command reads stdin."""
    stdin = command.stdin
    if stdin is None or (stdin.option and stdin.option not in options):
        return {}
    if sys.stdin.isatty():
        problem = f"reads {stdin.origin}"
        raise UsageError(problem)
    return {stdin.parameter: streams.read()}


def _output(
    output: str | list[bytes] | Iterator[bytes] | Report, form: object
) -> tuple[Iterable[bytes], str, int]:
    """Return an output in pieces, the message of an error, and the exit status."""
    if isinstance(output, list):
        return output, "", DONE
    if isinstance(output, Iterator):  # too large for the memory
        if sys.stdout.isatty():
            problem = "the output is an archive"
            raise DevcacheError(problem, where="stdout", hint="redirect it to a file")
        return chain(list(islice(output, 1)), output), "", DONE
    if isinstance(output, str):
        return [output.encode(errors="backslashreplace")], "", DONE
    message = f"error: {output.error}" if output.error else ""
    return _report(output, form), message, REFUSED if message or output.refused else DONE


def _report(report: Report, form: object) -> list[bytes]:
    """Return a report in the form of `--output`."""
    from postrender.cli import display  # noqa: PLC0415  # the filter does not need it

    if form == "json":
        return [display.as_json(report).encode()]
    if report.error:
        return []
    if isinstance(form, str) and form in report.texts:
        return [report.texts[form].encode()]
    stdout = sys.stdout
    text = display.as_text(report, terminal=stdout.isatty(), encoding=stdout.encoding)
    return [text.encode(stdout.encoding)]


def _shown(output: Iterable[bytes], message: str, status: int) -> int:
    """Write the output, or the message of an error, and return the exit status."""
    try:
        if message and os.environ.get("HELM_PLUGIN_NAME") == PROGRAM:
            streams.write([_document(message)])
            return DONE
        streams.write(output)
    except BrokenPipeError:  # e.g. of `| head`
        status = status or REFUSED
    except DevcacheError as error:
        message, status = message or f"error: {error}", status or REFUSED
    if message:
        streams.warn(f"{_text(message)}\n")
    return status


def _text(message: str) -> str:
    return f"{PROGRAM}: {printable(message)}"


def _document(message: str) -> bytes:
    """Return an error as a YAML document.

    Helm 4 discards stderr. It fails on a document that is not a mapping, and shows it.
    """
    lines = "".join(f"  {line}\n" for line in _text(message).splitlines())
    return f"|\n{lines}".encode()


def _defect(error: Exception) -> str:
    import traceback  # noqa: PLC0415  # slow to import, and only defects need it

    frames = "".join(traceback.format_tb(error.__traceback__))
    kind = type(error).__name__
    return f"defect: {kind}; please report it with the lines below\n{frames}"
