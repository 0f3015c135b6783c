"""Replaces a file atomically: a reader gets the old content or the new content, never a part."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def replacement(name: str, temporary: str, *, folder: int) -> Iterator[BinaryIO]:
    """Yield a new file, which replaces another one at the end of the context.

    If the context raises, the new file is removed, and the other file stays.

    Args:
        name: The name of the file to replace; the file may be missing.
        temporary: The name of the new file until then.
        folder: The descriptor of their folder.

    Raises:
        OSError: The new file cannot be created or renamed.
    """
    try:
        with os.fdopen(os.open(temporary, _FLAGS, 0o600, dir_fd=folder), "wb") as file:
            yield file
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
