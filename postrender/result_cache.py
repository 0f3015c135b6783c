"""A cache of results on disk, with the digest of the inputs as the key.

The cache only saves time: a caller can always compute the result. A missing or damaged entry, an
entry of another version, and a folder that cannot be read or written are therefore not errors.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "CROSSPLANE_DEVCACHE_CACHE"
"""The environment variable with the path of another folder, or with `off`."""

SMALLEST = 64 << 10
"""The smallest input in bytes whose result is cached: for a smaller one, a cache saves no time."""

_ALL = 64 << 20
"""The limit in bytes of all entries together: the least recently used ones are removed first."""

_ENTRY = 8 << 20
"""The largest entry in bytes: a packed package fits one ConfigMap, or a few."""

_DIGEST_SIZE = hashlib.sha256().digest_size

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class ResultCache:
    """A folder with one file per result; a file begins with the sha256 of its content.

    Attributes:
        folder: The folder, or None for a cache that stays empty.
    """

    def __init__(self, folder: Path | None) -> None:
        """Use `folder`, which may not exist yet."""
        self.folder = folder

    def get(self, *key: str) -> bytes | None:
        """Return the complete result that an earlier run stored under this key, or None."""
        if self.folder is None or not _is_private(self.folder):
            return None
        path = self.folder / _name(key)
        try:
            with path.open("rb") as file:
                entry = file.read(_DIGEST_SIZE + _ENTRY + 1)
            os.utime(path)
        except OSError:
            return None
        content = entry[_DIGEST_SIZE:]
        return content if entry == _seal(content) else None

    def put(self, content: bytes, *key: str) -> None:
        """Store a result under a key that identifies all its inputs, and replace an older one."""
        if self.folder is None or len(content) > _ENTRY:
            return
        # A rename is atomic: other programs never read half an entry.
        temporary = self.folder / os.urandom(16).hex()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_private(self.folder):
                return
            try:
                _write(temporary, _seal(content))
                temporary.replace(self.folder / _name(key))
            finally:
                temporary.unlink(missing_ok=True)
            _remove_oldest(self.folder)
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
    return hashlib.sha256("\0".join((__version__, sys.version, *key)).encode()).hexdigest()


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).digest() + content


def _is_private(folder: Path) -> bool:
    """Return whether no other user can write to the folder, as is possible in /tmp."""
    try:
        status = folder.stat()
    except OSError:
        return False
    return status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_MAY_WRITE


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _remove_oldest(folder: Path) -> None:
    """Remove the oldest entries until the rest is within the limit; safe to run in parallel."""
    sizes: list[tuple[int, int, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            sizes.append((status.st_mtime_ns, status.st_size, entry.path))
    excess = sum(size for _, size, _ in sizes) - _ALL
    for _, size, path in sorted(sizes):
        if excess <= 0:
            return
        Path(path).unlink(missing_ok=True)
        excess -= size
