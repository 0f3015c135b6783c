"""Reads the files of a package directory, in the order of the package.yaml.

It reads the same files as `crossplane xpkg build` in that directory (crank 2.2.1,
cmd/crank/xpkg/build.go; crossplane-runtime 2.2.1, pkg/parser/fsreader.go). It includes hidden
folders and links to files, but does not follow links to folders. Crank needs no file of a certain
name: the meta object may be in any file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError
from postrender.packages import disk, gomatch
from postrender.packages.package import LARGEST_PACKAGE_YAML
from postrender.packages.sources import Range

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence

    from postrender.packages.budget import Budget

META_FILE = "crossplane.yaml"
"""The usual file of the meta object."""

_EXAMPLES = "examples"
"""A prefix of paths that crank skips, including `examples.yaml` and `examples-2/`."""

_SUFFIXES = (".yaml", ".yml")
"""The suffixes of YAML files. As in Go, a file named `.yaml` has this suffix."""

_DANGLING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""The errors of a link without a target."""

_SEPARATOR = b"---\n"

_LINK_COST = 20
"""The entries that a link costs, because its target must be resolved."""


class File(NamedTuple):
    """One file of a package."""

    name: str
    """Its path inside the directory, with slashes."""

    content: bytes

    digest: bytes
    """The BLAKE2b of the content.

    Only this program uses it. On a processor without instructions for sha256, BLAKE2b takes a third
    of its time.
    """


def read(path: Path, ignore: Sequence[str], budget: Budget) -> tuple[File, ...]:
    """Return the files of the package directory `path`, crossplane.yaml first, without empty ones.

    Args:
        path: The directory.
        ignore: Patterns of Go's filepath.Match for files to leave out. As for crank, a pattern that
            matches a folder has no effect on the files in it.
        budget: The budget of the package.

    Raises:
        DevcacheError: The directory has more than 200 MiB of YAML or another excess, a file that
            cannot be read, or a link to a target outside of it.
    """
    try:
        root = Path(os.path.realpath(path))
    except OSError as error:  # the working directory is gone
        raise disk.unreadable(path, error) from error
    patterns = [gomatch.compile_pattern(pattern) for pattern in ignore]
    names = sorted(_names(root, path, patterns, budget), key=_rank)
    files: list[File] = []
    size = 0
    for name in names:
        with disk.open_file(path / name) as (descriptor, file_size):
            size += file_size + len(_SEPARATOR)
            if size > LARGEST_PACKAGE_YAML:
                problem = f"has more than {LARGEST_PACKAGE_YAML >> 20} MiB of YAML"
                raise DevcacheError(problem, where=disk.title(path))
            content = Range(descriptor, 0, file_size, disk.title(path / name)).exactly(file_size)
        if not content:
            budget.documents.spend(1, disk.title(path))
        if content:
            files.append(File(name, content, _digest(content)))
    return tuple(files)


def digest(files: Sequence[File]) -> str:
    """Return a digest of the names and contents of files, in hexadecimal digits."""
    return _digest(b"".join(file.digest + _digest(os.fsencode(file.name)) for file in files)).hex()


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=32).digest()


def join(files: Sequence[File]) -> bytes:
    """Return the stream of the files, each with its exact content."""
    pieces: list[bytes] = []
    for file in files:
        if pieces and not file.content.startswith(b"---"):
            pieces.append(_SEPARATOR)
        pieces.append(file.content)
        if not file.content.endswith(b"\n"):
            pieces.append(b"\n")
    return b"".join(pieces)


def _rank(name: str) -> tuple[bool, list[str]]:
    return name != META_FILE, name.split("/")


def _names(
    root: Path, path: Path, patterns: Sequence[re.Pattern[str]], budget: Budget
) -> Iterator[str]:
    """Yield the paths of the package's files, relative to `root`, in any order."""
    folders = [""]
    while folders:
        folder = folders.pop()
        for entry in _entries(root / folder, path / folder, budget):
            name = f"{folder}/{entry.name}" if folder else entry.name
            if name.startswith(_EXAMPLES):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(name)
            elif any(regex.fullmatch(name) for regex in patterns):
                continue
            elif entry.is_symlink():
                budget.entries.spend(_LINK_COST, disk.title(path))
                if _leads_to_file(root / name, root, path / name):
                    yield name
            elif entry.name.endswith(_SUFFIXES):
                yield name


def _entries(folder: Path, path: Path, budget: Budget) -> list[os.DirEntry[str]]:
    """Return the entries of a folder; `path` is the same folder, as the user wrote it."""
    result: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                budget.entries.spend(1, disk.title(path))
                result.append(entry)
    except OSError as error:
        raise disk.unreadable(path, error) from error
    return result


def _leads_to_file(link: Path, root: Path, path: Path) -> bool:
    """Return whether a link leads to a file of the package.

    Crank skips links to folders, and dangling links, which editors use as locks. A link to a folder
    or YAML file outside of the package directory is refused: the content would be missing, or could
    change without notice.

    Args:
        link: The link, below `root`.
        root: The package directory, without links.
        path: The link, as the user wrote it.
    """
    try:
        link.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:  # a chain that the system does not follow
            return False
    is_yaml = link.name.endswith(_SUFFIXES)
    target = Path(os.path.realpath(link))
    try:
        mode = target.stat().st_mode
    except OSError as error:
        if error.errno not in _DANGLING:  # e.g. in a folder that cannot be read
            raise disk.unreadable(path, error) from error
        mode = 0
    if (is_yaml or stat.S_ISDIR(mode)) and not target.is_relative_to(root):
        problem = "is a link to a target outside of the package directory"
        hint = "copy the target, or leave the link out with `ignore`"
        raise DevcacheError(problem, where=disk.title(path), hint=hint)
    return is_yaml and stat.S_ISREG(mode)
