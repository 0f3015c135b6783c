"""A package directory: which files of it make the package, in which order, and their bytes.

The files are those that `crossplane xpkg build` takes when it runs in the directory (crank 2.2.1,
cmd/crank/xpkg/build.go; crossplane-runtime 2.2.1, pkg/parser/fsreader.go): hidden folders count,
folders that are links do not, and files that are links are read.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError
from postrender.packages import disk, gomatch
from postrender.packages.package import LARGEST_PACKAGE_YAML
from postrender.packages.sources import Range

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence

META_FILE = "crossplane.yaml"

_EXAMPLES = "examples"
"""What is left out: crank skips each path that begins so, `examples.yaml` and `examples-2/` too."""

_SUFFIXES = (".yaml", ".yml")
"""Go takes the whole of `.yaml` for a suffix too."""

_SEPARATOR = b"---\n"


class File(NamedTuple):
    """One file of a package."""

    name: str
    """Its path inside the directory, with slashes."""

    content: bytes


def read(path: Path, ignore: Sequence[str]) -> tuple[File, ...]:
    """Return the files of the package directory `path`, crossplane.yaml first, none of them empty.

    Args:
        path: The directory.
        ignore: Patterns of Go's filepath.Match for what is left out; one that matches a directory
            leaves out all of it.

    Raises:
        DevcacheError: It has no crossplane.yaml, more than 200 MiB, a file that cannot be read, or
            a link that leads out of it.
    """
    root = Path(os.path.realpath(path))
    if not os.path.lexists(root / META_FILE):
        hint = f"a package directory has {META_FILE} at its root"
        problem = f"no {META_FILE}"
        raise DevcacheError(problem, where=disk.shown(path), hint=hint)
    patterns = [gomatch.compiled(pattern) for pattern in ignore]
    names = sorted(_names(root, path, patterns), key=_rank)
    files: list[File] = []
    size = 0
    for name in names:
        with disk.opened(path / name) as (descriptor, file_size):
            size += file_size + len(_SEPARATOR)
            if size > LARGEST_PACKAGE_YAML:
                problem = f"more than {LARGEST_PACKAGE_YAML >> 20} MiB of YAML"
                raise DevcacheError(problem, where=disk.shown(path))
            content = Range(descriptor, 0, file_size, disk.shown(path / name)).exactly(file_size)
        if content:
            files.append(File(name, content))
    return tuple(files)


def digest(files: Sequence[File]) -> str:
    """Return what tells these files, by name and content, from all others: hexadecimal digits.

    BLAKE2b, where no other program has to agree: it takes a third of the time of sha256.
    """
    total = hashlib.blake2b(digest_size=32)
    for name, content in files:
        written = os.fsencode(name)
        total.update(b"%d %d " % (len(written), len(content)) + written)
        total.update(content)
    return total.hexdigest()


def joined(files: Sequence[File]) -> bytes:
    """Return the stream of the files, each as it was written."""
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


def _names(root: Path, path: Path, patterns: Sequence[re.Pattern[str]]) -> Iterator[str]:
    """Yield the paths of the files that make the package, relative to `root`, in any order."""
    folders = [""]
    while folders:
        folder = folders.pop()
        for entry in _entries(root / folder, path / folder):
            name = f"{folder}/{entry.name}" if folder else entry.name
            if name.startswith(_EXAMPLES) or any(one.fullmatch(name) for one in patterns):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(name)
            elif entry.is_symlink():
                if _leads_to_file(root / name, root, path / name):
                    yield name
            elif entry.name.endswith(_SUFFIXES):
                yield name


def _entries(folder: Path, shown: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise disk.unreadable(shown, error) from error


def _leads_to_file(link: Path, root: Path, shown: Path) -> bool:
    """Return whether a link stands for a file of the package.

    Crank passes over links to folders and to nowhere (editors lock files by such); what leads to a
    folder or a YAML file outside is refused, as it would be missing or change unseen.
    """
    is_yaml = link.name.endswith(_SUFFIXES)
    target = Path(os.path.realpath(link))
    if (is_yaml or target.is_dir()) and not target.is_relative_to(root):
        problem = "a link that leads out of the package directory"
        hint = "copy what it leads to, or leave it out with `ignore`"
        raise DevcacheError(problem, where=disk.shown(shown), hint=hint)
    return is_yaml and target.is_file()
