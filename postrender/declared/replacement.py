"""Replaces the text of a file that the user wrote, completely or not at all.

The new text goes into a new file beside it, which then takes its name. A file that would lose more
than its text in this way is refused: its owner, mode or extended attributes, or a hard link.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from postrender import atomic
from postrender.errors import DevcacheError, reason
from postrender.manifests import nodes
from postrender.packages import disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class Original(NamedTuple):
    """An open file of the user, and its text."""

    path: Path
    """The path that the user gave, for error messages."""

    folder: int
    """The descriptor of the folder that holds the file, or the target if the path is a link."""

    name: str
    """The name of the file in the folder."""

    file: int
    """The descriptor of the file."""

    status: os.stat_result
    """The status of the file before it was read."""

    text: str


@contextmanager
def open_original(path: Path) -> Iterator[Original]:
    """Open a file for `replace`, and close it at the end of the context.

    Raises:
        DevcacheError: The file cannot be read or replaced, or is not UTF-8.
    """
    with ExitStack() as stack:
        try:
            parent, name = os.path.split(os.path.realpath(path, strict=True))
            folder = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | _FLAGS)
            stack.callback(os.close, folder)
            # Without O_NONBLOCK, a pipe without a writer would block forever.
            file = os.open(name, os.O_RDONLY | os.O_NONBLOCK | _FLAGS, dir_fd=folder)
            stack.callback(os.close, file)
            status = os.fstat(file)
            may_write = os.access(name, os.W_OK, dir_fd=folder, effective_ids=True)
            _require_replaceable(path, status, may_write=may_write)
            with os.fdopen(file, "rb", closefd=False) as reader:
                content = reader.read()
        except (OSError, ValueError) as error:
            raise disk.unreadable(path, error) from None
        yield Original(
            path, folder, name, file, status, nodes.decode(content, where=disk.title(path))
        )


def replace(original: Original, text: str) -> None:
    """Replace the text of a file, completely or not at all, also if the machine crashes.

    Raises:
        DevcacheError: The file cannot be replaced, or is not the file that was read.
    """
    temporary = f".devcache-{os.urandom(8).hex()}"
    try:
        with atomic.replacement(original.name, temporary, folder=original.folder) as file:
            file.write(text.encode())
            file.flush()
            _copy_metadata(original, file.fileno())
            os.fsync(file)
            _require_unchanged(original)
    except OSError as error:
        problem = f"cannot be replaced: {reason(error)}"
        raise _refusal(original.path, problem) from None


def _require_replaceable(path: Path, status: os.stat_result, *, may_write: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        problem = "not a regular file"
        raise DevcacheError(problem, where=disk.title(path), hint="name a file")
    if not (may_write and status.st_mode & _WRITABLE):  # root may write all files
        problem = "is read-only"
        raise DevcacheError(problem, where=disk.title(path), hint="make it writable")
    if status.st_nlink > 1:
        problem = f"has {status.st_nlink} hard links, and the others would keep the old text"
        raise _refusal(path, problem)


def _require_unchanged(original: Original) -> None:
    status = os.stat(original.name, dir_fd=original.folder, follow_symlinks=False)
    if _version(status) != _version(original.status):
        problem = "was changed while the package was read"
        hint = "run the same command again"
        raise DevcacheError(problem, where=disk.title(original.path), hint=hint)


def _version(status: os.stat_result) -> tuple[int, ...]:
    """Return what differs if a file has changed or is another one."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _copy_metadata(original: Original, file: int) -> None:
    """Give a new file the owner, the mode and the extended attributes of the original."""
    status = original.status
    try:
        if _owner(os.fstat(file)) != _owner(status):
            os.fchown(file, *_owner(status))
        _copy_attributes(original.file, file)
        if os.fstat(file).st_mode != status.st_mode:  # FAT has one mode for all files
            os.fchmod(file, stat.S_IMODE(status.st_mode))
        new = os.fstat(file)
        if (_owner(new), new.st_mode) != (_owner(status), status.st_mode):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    except OSError as error:
        problem = f"its owner, mode or extended attributes cannot be kept: {reason(error)}"
        raise _refusal(original.path, problem) from None


def _owner(status: os.stat_result) -> tuple[int, int]:
    return status.st_uid, status.st_gid


if sys.platform == "darwin":
    import ctypes

    _ACL, _XATTR = 1 << 0, 1 << 2
    """Flags of copyfile.h."""

    def _copy_attributes(source: int, target: int) -> None:
        """Copy ACLs and extended attributes; Python has no functions for those of macOS."""
        library = ctypes.CDLL(None, use_errno=True)
        if library.fcopyfile(source, target, None, _ACL | _XATTR):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

else:

    def _copy_attributes(source: int, target: int) -> None:
        """Copy extended attributes. ACLs are among them."""
        attributes, defaults = _attributes(source), _attributes(target)
        for name in defaults.keys() - attributes.keys():  # e.g. of the folder's default ACL
            os.removexattr(target, name)
        for name, value in attributes.items():
            if defaults.get(name) != value:
                os.setxattr(target, name, value)

    def _attributes(file: int) -> dict[str, bytes]:
        try:
            return {name: os.getxattr(file, name) for name in os.listxattr(file)}
        except OSError as error:
            if error.errno == errno.ENOTSUP:  # the file system has none
                return {}
            raise


def _refusal(path: Path, problem: str) -> DevcacheError:
    return DevcacheError(problem, where=disk.title(path), hint="add the package by hand")
