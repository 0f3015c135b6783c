"""Files that the user writes, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.errors import DevcacheError
from postrender.packages import disk
from postrender.packages.disk import shown

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["decoded", "shown", "text"]


def text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        DevcacheError: It cannot be read, or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise disk.unreadable(path, error) from None
    return decoded(content, where=shown(path))


def decoded(content: bytes, *, where: str) -> str:
    """Return what UTF-8 stands for.

    Raises:
        DevcacheError: It is not UTF-8; the message tells the line.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = "is not UTF-8"
        raise DevcacheError(problem, where=f"{where}, line {line}") from None
