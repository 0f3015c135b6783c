"""A cache of results on disk, each under a digest of its inputs.

A caller can also compute a result. An entry that is missing, damaged or of another version is no
error, nor is a folder that cannot be read or written.
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
"""The environment variable that names another folder, or is `off`."""

SMALLEST = 64 << 10
"""Bytes of the smallest input whose result is cached: others are computed as fast as read."""

_ALL = 64 << 20
"""Bytes of all entries together: the least recently used go first."""

_ENTRY = 8 << 20
"""Bytes of the largest entry: every packed package fits a ConfigMap or few of them."""

_DIGEST_SIZE = hashlib.sha256().digest_size

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class ResultCache:
    """A folder of results, each in a file that begins with the sha256 of its content.

    Attributes:
        folder: The folder, or None for a cache that stays empty.
    """

    def __init__(self, folder: Path | None) -> None:
        """Use a folder, which need not exist."""
        self.folder = folder

    def get(self, *key: str) -> bytes | None:
        """Return the result that an earlier run put under this key, whole, or None."""
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
        return content if entry == _sealed(content) else None

    def put(self, content: bytes, *key: str) -> None:
        """Put a result under a key that names all its inputs, and replace any other."""
        if self.folder is None or len(content) > _ENTRY:
            return
        # Written beside it and renamed: another process reads all of it or nothing.
        unfinished = self.folder / os.urandom(16).hex()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_private(self.folder):
                return
            try:
                _write(unfinished, _sealed(content))
                unfinished.replace(self.folder / _name(key))
            finally:
                unfinished.unlink(missing_ok=True)
            _remove_oldest(self.folder)
        except OSError:
            return


NO_CACHE = ResultCache(None)


def of_user(environment: Mapping[str, str]) -> ResultCache:
    """Return the cache of the user.

    It is in `crossplane-devcache/results` of the user's cache directory (XDG Base Directory
    Specification 0.8). CROSSPLANE_DEVCACHE_CACHE names another folder than `crossplane-devcache`
    there, or is `off`.
    """
    chosen = environment.get(VARIABLE, "")
    if chosen == "off":
        return NO_CACHE
    if chosen:
        return ResultCache(Path(chosen, "results"))
    home = environment.get("HOME", "")
    folders = (environment.get("XDG_CACHE_HOME", ""), home and f"{home}/.cache")
    # The specification says to ignore relative paths.
    absolute = next((folder for folder in folders if folder.startswith("/")), "")
    return ResultCache(Path(absolute, "crossplane-devcache", "results") if absolute else None)


def _name(key: tuple[str, ...]) -> str:
    """Return the file of a key, for this version alone: another may check or pack otherwise.

    Another Python may have another liblzma, which may pack the same content into other bytes.
    """
    return hashlib.sha256("\0".join((__version__, sys.version, *key)).encode()).hexdigest()


def _sealed(content: bytes) -> bytes:
    return hashlib.sha256(content).digest() + content


def _is_private(folder: Path) -> bool:
    """Return whether nobody else can put an entry there, as another user could in /tmp."""
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
    """Remove entries until the rest is within bounds; others may be doing the same."""
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
