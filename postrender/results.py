"""Results of earlier runs, kept on disk under the digest of what they follow from.

Whoever asks for a result can also work it out: an entry that is missing, damaged or of another
version is no error, nor is a folder that cannot be read or written.
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

WORTH_KEEPING = 64 << 10
"""Bytes of input: what follows from less is worked out as fast as it is read."""

_ALL = 64 << 20
"""Bytes of all entries together: those that were used longest ago go first."""

_ENTRY = 8 << 20
"""Bytes of the largest entry: everything packed fits a ConfigMap."""

_DIGEST_SIZE = hashlib.sha256().digest_size

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Results:
    """A folder of results, each in a file that begins with the sha256 of its content.

    Attributes:
        folder: The folder, or None where nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        """Use `folder`, which need not exist; None keeps and finds nothing."""
        self.folder = folder

    def find(self, *key: str) -> bytes | None:
        """Return the result that an earlier run kept under this key, whole, or None."""
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

    def keep(self, content: bytes, *key: str) -> None:
        """Keep a result under a key that tells all that it follows from, and replace any other."""
        if self.folder is None or len(content) > _ENTRY:
            return
        # Written beside it and renamed: who reads at the same time finds all of it or nothing.
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


NOTHING_KEPT = Results(None)


def of_user(environment: Mapping[str, str]) -> Results:
    """Return the results of earlier runs by the same user.

    They are in `crossplane-devcache/results` of the user's cache directory (XDG Base Directory
    Specification 0.8). CROSSPLANE_DEVCACHE_CACHE names another folder than `crossplane-devcache`
    there, or is `off`.
    """
    chosen = environment.get(VARIABLE, "")
    if chosen == "off":
        return NOTHING_KEPT
    if chosen:
        return Results(Path(chosen, "results"))
    home = environment.get("HOME", "")
    folders = (environment.get("XDG_CACHE_HOME", ""), home and f"{home}/.cache")
    # The specification has relative paths ignored.
    absolute = next((folder for folder in folders if folder.startswith("/")), "")
    return Results(Path(absolute, "crossplane-devcache", "results") if absolute else None)


def _name(key: tuple[str, ...]) -> str:
    """Return the file of a key, for this version alone: the next one may check or pack otherwise.

    Another Python may have another liblzma, which may pack the same into other bytes.
    """
    return hashlib.sha256("\0".join((__version__, sys.version, *key)).encode()).hexdigest()


def _sealed(content: bytes) -> bytes:
    return hashlib.sha256(content).digest() + content


def _is_private(folder: Path) -> bool:
    """Return whether nobody else can put an entry there, as another user could in /tmp."""
    try:
        found = folder.stat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_MAY_WRITE


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _remove_oldest(folder: Path) -> None:
    """Remove entries until the rest is within bounds; others may be doing the same."""
    found: list[tuple[int, int, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            found.append((status.st_mtime_ns, status.st_size, entry.path))
    excess = sum(size for _, size, _ in found) - _ALL
    for _, size, path in sorted(found):
        if excess <= 0:
            return
        Path(path).unlink(missing_ok=True)
        excess -= size
