"""Paths on disk: their titles for messages, and access to regular files without blocking."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BESIDE_LETTERS = frozenset("/._-+@:,=~")
"""Characters, besides letters and digits, of a path that needs no quotes."""


def title(path: Path | str) -> str:
    """Return `path` for messages, in quotes if it has unusual characters."""
    text = str(path)
    plain = all(character.isalnum() or character in _BESIDE_LETTERS for character in text)
    return text if plain and text else quoted(text)


def status(path: Path) -> os.stat_result:
    """Return the status of `path`; links are followed.

    Raises:
        DevcacheError: The path does not exist or cannot be accessed.
    """
    try:
        return path.stat()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


@contextmanager
def open_file(path: Path) -> Iterator[tuple[int, int]]:
    """Open the regular file at `path`, and close it at the end of the context.

    Yields:
        The file descriptor, and the size in bytes.

    Raises:
        DevcacheError: The file cannot be opened, or is a pipe, socket, device or directory.
    """
    try:
        # Without O_NONBLOCK, a pipe without a writer would block forever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    try:
        result = os.fstat(descriptor)
        if not stat.S_ISREG(result.st_mode):
            problem = "not a regular file"
            raise DevcacheError(problem, where=title(path))
        yield descriptor, result.st_size
    finally:
        os.close(descriptor)


def unreadable(path: Path, error: OSError | ValueError) -> DevcacheError:
    """Return the refusal of a `path` that the system cannot open or read."""
    if isinstance(error, FileNotFoundError):
        return DevcacheError("no such file or directory", where=title(path), hint=_hint(path))
    reason = error.strerror if isinstance(error, OSError) else None
    problem = f"cannot be read: {(reason or 'not a usable path').lower()}"
    hint = "name a file" if isinstance(error, IsADirectoryError) else ""
    return DevcacheError(problem, where=title(path), hint=hint)


def changed(path: Path) -> DevcacheError:
    """Return the error for a path whose content has changed between two reads."""
    problem = "was changed while it was read"
    return DevcacheError(problem, where=title(path), hint="run the same command again")


def _hint(path: Path) -> str:
    """Return the hint for a path that does not exist."""
    if str(path) == "-":
        return "`-` does not mean stdin: write the input to a file, and name the file"
    if str(path).startswith(("~", "$")):
        return "write the full path: only a shell expands ~ and variables, unless they are quoted"
    return "relative paths start from the current directory; for the filter, from that of helm"
