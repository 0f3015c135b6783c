"""Reads and replaces the text files of the user."""

from __future__ import annotations

import os
from pathlib import Path

from postrender.errors import DevcacheError
from postrender.manifests import nodes
from postrender.packages import disk
from postrender.packages.disk import title

_LARGEST = 16 << 20
"""The largest file in bytes: it stops the reading of a device that never ends."""

__all__ = ["replace", "text", "title"]


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


def replace(path: Path, text: str) -> None:
    """Replace the text of an existing file, completely or not at all; a link stays a link.

    Raises:
        DevcacheError: The file cannot be written.
    """
    import shutil  # noqa: PLC0415  # slow to import, and the filter writes no file
    import tempfile  # noqa: PLC0415  # as above

    target = Path(os.path.realpath(path))
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".devcache-") as folder:
            new = Path(folder) / target.name
            new.write_text(text, encoding="utf-8", newline="")
            shutil.copymode(target, new)
            new.replace(target)
    except OSError as error:
        problem = f"cannot be written: {(error.strerror or 'output error').lower()}"
        raise DevcacheError(problem, where=title(path)) from None
