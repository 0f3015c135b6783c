"""Reads and creates the text files of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.errors import DevcacheError, reason
from postrender.manifests import nodes
from postrender.packages import disk
from postrender.packages.disk import title

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 16 << 20
"""The largest file in bytes. It stops the reading of a device that never ends."""

__all__ = ["create", "text", "title"]


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


def create(path: Path, text: str) -> None:
    """Create a file with a text, completely or not at all.

    Raises:
        DevcacheError: There is such a file, or it cannot be created.
    """
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            try:
                file.write(text)
                file.flush()
            except OSError:
                path.unlink()
                raise
    except FileExistsError:
        problem = "already exists"
        hint = "remove it, or add packages to it with `crossplane-devcache add`"
        raise DevcacheError(problem, where=title(path), hint=hint) from None
    except (OSError, ValueError) as error:
        cause = reason(error) if isinstance(error, OSError) else "not a usable path"
        problem = f"cannot be created: {cause}"
        raise DevcacheError(problem, where=title(path)) from None
