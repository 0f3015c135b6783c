"""Paths on disk: how messages show them, and regular files opened without ever blocking."""

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
"""What a path may hold, beside letters and digits, and still be shown without quotes."""


def shown(path: Path | str) -> str:
    """Return `path` as messages show it: plain, or quoted when a character of it is odd."""
    text = str(path)
    plain = all(character.isalnum() or character in _BESIDE_LETTERS for character in text)
    return text if plain and text else quoted(text)


def status(path: Path) -> os.stat_result:
    """Return what the system says of `path`, links followed.

    Raises:
        DevcacheError: It does not exist or cannot be reached.
    """
    try:
        return path.stat()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


@contextmanager
def opened(path: Path) -> Iterator[tuple[int, int]]:
    """Give the file descriptor and the size in bytes of the regular file at `path`.

    Raises:
        DevcacheError: It cannot be opened, or is a pipe, socket, device or directory.
    """
    try:
        # A pipe that nobody writes to would block a plain open for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            problem = "not a regular file"
            raise DevcacheError(problem, where=shown(path))
        yield descriptor, found.st_size
    finally:
        os.close(descriptor)


def unreadable(path: Path, error: OSError | ValueError) -> DevcacheError:
    """Return the refusal for a `path` that the system did not let us read."""
    if isinstance(error, FileNotFoundError):
        hint = "a relative path is looked up in the current directory; that of the filter is helm's"
        return DevcacheError("no such file or directory", where=shown(path), hint=hint)
    reason = error.strerror if isinstance(error, OSError) else None
    problem = f"cannot be read: {(reason or 'not a usable path').lower()}"
    return DevcacheError(problem, where=shown(path))
