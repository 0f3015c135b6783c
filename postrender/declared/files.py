"""Reads the text files of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.errors import DevcacheError
from postrender.manifests import nodes
from postrender.packages import disk
from postrender.packages.disk import title

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 16 << 20
"""The largest file in bytes. It stops the reading of a device that never ends."""

__all__ = ["text", "title"]


def text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        DevcacheError: The file cannot be read, is larger than 16 MiB, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise disk.unreadable(path, error) from None
    if len(content) > _LARGEST:
        problem = f"is larger than {_LARGEST >> 20} MiB"
        raise DevcacheError(problem, where=title(path))
    return nodes.decode(content, where=title(path))
