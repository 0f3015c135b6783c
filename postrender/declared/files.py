"""Reads the text files of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.manifests import nodes
from postrender.packages import disk
from postrender.packages.disk import title

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["text", "title"]


def text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        DevcacheError: The file cannot be read, or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise disk.unreadable(path, error) from None
    return nodes.decode(content, where=title(path))
