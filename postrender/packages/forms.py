"""Reads a package in any form on disk, including forms that a declaration cannot name."""

from __future__ import annotations

import gzip
import stat
import tarfile
from typing import TYPE_CHECKING, Literal

from postrender import packages
from postrender.errors import DevcacheError
from postrender.packages import budget, disk
from postrender.packages.package import LARGEST_PACKAGE_YAML
from postrender.packages.sources import Range, Unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.packages import Package

Form = Literal["directory", "xpkg", "package.yaml", "cache file"]
"""A package directory, an archive, a stream of objects, or the gzip of such a stream."""

_GZIP_MAGIC = b"\x1f\x8b"
_TAR_MAGIC = (257, b"ustar")
_ARCHIVES = (".xpkg", ".tar")


def read(path: Path, *, ignore: Sequence[str] = ()) -> tuple[Form, Package]:
    """Return the package at `path`, and its form.

    Args:
        path: A package directory, an .xpkg file, a package.yaml, or its gzip from a cache.
        ignore: For a directory, patterns of files to leave out.

    Raises:
        DevcacheError: The path cannot be read, or Crossplane would not accept the package.
    """
    if stat.S_ISDIR(disk.status(path).st_mode):
        return "directory", packages.read(path, ignore=ignore)
    with disk.open_file(path) as (descriptor, size):
        content = Range(descriptor, 0, size, disk.title(path))
        head = Range(descriptor, 0, size, disk.title(path)).up_to(tarfile.BLOCKSIZE)
        if head.startswith(_GZIP_MAGIC):
            unpacked = Unpacked(content, budget.unpacked(LARGEST_PACKAGE_YAML))
            return "cache file", packages.of_package_yaml(
                path, unpacked.up_to(LARGEST_PACKAGE_YAML + 1)
            )
        offset, magic = _TAR_MAGIC
        if not head.startswith(magic, offset) and path.suffix not in _ARCHIVES:
            if size > LARGEST_PACKAGE_YAML:
                problem = f"is larger than {LARGEST_PACKAGE_YAML >> 20} MiB"
                raise DevcacheError(problem, where=disk.title(path))
            return "package.yaml", packages.of_package_yaml(path, content.exactly(size))
    return "xpkg", packages.read(path)


def packed_size(package: Package) -> int:
    """Return the size in bytes of a package in Crossplane's cache, which packs with gzip -1."""
    return len(gzip.compress(package.package_yaml.content, 1))
