"""The standard streams of the process: each can be closed, full or unreadable."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError, reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def prepare() -> None:
    """Replace closed streams with streams whose use raises an OSError, as glibc does for setuid.

    Otherwise a file that the program opens would take the number of the stream.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_WRONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for other encodings than UTF-8


def read() -> bytes:
    """Return the content of stdin.

    Raises:
        DevcacheError: It cannot be read.
    """
    with suppress(OSError):  # a stream of a test has no number
        os.set_blocking(sys.stdin.fileno(), True)  # else a read can end before the input
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        problem = f"cannot be read: {reason(error)}"
        raise DevcacheError(problem, where="stdin") from error


def write(output: Iterable[bytes]) -> None:
    """Write the whole output to stdout.

    Raises:
        DevcacheError: It cannot be written, e.g. to a full disk.
        BrokenPipeError: Its reader has ended.
    """
    with writing():
        sys.stdout.buffer.writelines(output)
        sys.stdout.buffer.flush()


@contextmanager
def writing() -> Iterator[None]:
    """Turn an error of stdout into a refusal, except for a reader that has ended.

    Raises:
        DevcacheError: Stdout cannot be written.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = f"cannot be written: {reason(error)}"
        raise DevcacheError(problem, where="stdout") from error


def warn(message: str) -> None:
    """Write a message to stderr; if this fails, nobody can be told."""
    with suppress(OSError):
        sys.stderr.write(message)
        sys.stderr.flush()
