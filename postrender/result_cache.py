"""A cache of results on disk, with the digest of the inputs as the key.

The cache only saves time: a caller can always compute the result. A missing or damaged entry, an
entry of another version, and a folder that cannot be read or written are therefore not errors.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import __version__, atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

VARIABLE = "CROSSPLANE_DEVCACHE_CACHE"
"""The environment variable with the path of another folder, or with `off`."""

SMALLEST = 64 << 10
"""The smallest input in bytes whose result is cached: for a smaller one, a cache saves no time."""

_ALL = 64 << 20
"""The limit in bytes of all entries together: the least recently used ones are removed first."""

_ENTRY = 8 << 20
"""The largest entry in bytes: a packed package fits one ConfigMap, or a few."""

_SUFFIX = ".crossplane-devcache"
"""The end of the name of each entry: a file of the user in the folder has another name."""

_DIGEST_SIZE = hashlib.sha256().digest_size

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH

_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC


class ResultCache:
    """A folder with one file per result; a file begins with the sha256 of its name and content.

    Attributes:
        folder: The folder, or None for a cache that stays empty.
    """

    def __init__(self, folder: Path | None) -> None:
        """Use `folder`, which may not exist yet."""
        self.folder = folder

    def get(self, *key: str) -> bytes | None:
        """Return the complete result that an earlier run stored under this key, or None."""
        if self.folder is None:
            return None
        name = _name(key)
        try:
            with (
                _open(self.folder, stat.S_IFDIR) as folder,
                _open(name, stat.S_IFREG, folder=folder) as file,
            ):
                entry = os.read(file, _DIGEST_SIZE + _ENTRY + 1)
                os.utime(file)
        except OSError:
            return None
        content = entry[_DIGEST_SIZE:]
        return content if entry[:_DIGEST_SIZE] == _seal(name, content) else None

    def computed(self, compute: Callable[[], bytes], *key: str) -> bytes:
        """Return the result of an earlier run under this key, or compute and store it."""
        content = self.get(*key)
        if content is None:
            content = compute()
            self.put(content, *key)
        return content

    def put(self, content: bytes, *key: str) -> None:
        """Store a result under a key that identifies all its inputs, and replace an older one."""
        if self.folder is None or len(content) > _ENTRY:
            return
        name = _name(key)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _open(self.folder, stat.S_IFDIR) as folder:
                _write(name, _seal(name, content) + content, folder=folder)
                _remove_oldest(folder)
        except OSError:
            return


NO_CACHE = ResultCache(None)


def of_user(environment: Mapping[str, str]) -> ResultCache:
    """Return the cache of the user.

    Its folder is `crossplane-devcache/results` in the user's cache directory (XDG Base Directory
    Specification 0.8). CROSSPLANE_DEVCACHE_CACHE replaces the folder `crossplane-devcache`, or
    turns the cache off with `off`.
    """
    setting = environment.get(VARIABLE, "")
    if setting == "off":
        return NO_CACHE
    if setting:
        return ResultCache(Path(setting, "results"))
    home = environment.get("HOME", "")
    folders = (environment.get("XDG_CACHE_HOME", ""), home and f"{home}/.cache")
    # The specification says to ignore relative paths.
    absolute = next((folder for folder in folders if folder.startswith("/")), "")
    return ResultCache(Path(absolute, "crossplane-devcache", "results") if absolute else None)


def _name(key: tuple[str, ...]) -> str:
    """Return the file name of a key.

    It depends on the version of this program, because another version may check or pack
    differently, and on the version of Python, because another liblzma may pack the same content
    into different bytes.
    """
    digest = hashlib.sha256("\0".join((__version__, sys.version, *key)).encode())
    return digest.hexdigest() + _SUFFIX


def _seal(name: str, content: bytes) -> bytes:
    """Return what an entry begins with: a copy of it under another name is not valid."""
    seal = hashlib.sha256(name.encode())
    seal.update(content)
    return seal.digest()


@contextmanager
def _open(path: Path | str, kind: int, *, folder: int | None = None) -> Iterator[int]:
    """Open a file or folder to which no other user can write, as is possible in /tmp.

    Args:
        path: The path. It is not a link: the file that is checked is the file that is read.
        kind: stat.S_IFREG or stat.S_IFDIR. Anything else is refused without blocking.
        folder: The descriptor of the folder from which a relative path starts.

    Yields:
        The descriptor.

    Raises:
        OSError: It cannot be opened, or is something else.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | _FLAGS, dir_fd=folder)
    try:
        status = os.fstat(descriptor)
        is_private = status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_MAY_WRITE
        if stat.S_IFMT(status.st_mode) != kind or not is_private:
            raise PermissionError
        yield descriptor
    finally:
        os.close(descriptor)


def _write(name: str, content: bytes, *, folder: int) -> None:
    temporary = os.urandom(16).hex() + _SUFFIX
    with atomic.replacement(name, temporary, folder=folder) as file:
        file.write(content)


def _remove_oldest(folder: int) -> None:
    """Remove the oldest entries until the rest is within the limit; safe to run in parallel."""
    sizes: list[tuple[int, int, str]] = []
    with os.scandir(folder) as files:
        for file in files:
            if file.name.endswith(_SUFFIX) and file.is_file(follow_symlinks=False):
                status = file.stat(follow_symlinks=False)
                sizes.append((status.st_mtime_ns, status.st_size, file.name))
    excess = sum(size for _, size, _ in sizes) - _ALL
    for _, size, name in sorted(sizes):
        if excess <= 0:
            return
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        excess -= size
