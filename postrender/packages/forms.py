"""A package in whatever form it lies on disk, also in those that no cache can be filled from."""

from __future__ import annotations

import gzip
import stat
import tarfile
from typing import TYPE_CHECKING, Literal

from postrender import packages
from postrender.packages import disk
from postrender.packages.package import LARGEST_PACKAGE_YAML
from postrender.packages.sources import Allowance, Range, Unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.packages import Package

Form = Literal["directory", "xpkg", "package.yaml", "cache file"]
"""A package directory, an archive, a stream of objects, or such a stream gzipped."""

_GZIP_MAGIC = b"\x1f\x8b"
_TAR_MAGIC = (257, b"ustar")
_ARCHIVES = (".xpkg", ".tar")


def read(path: Path, *, ignore: Sequence[str] = ()) -> tuple[Form, Package]:
    """Return the form that the package at `path` has, and the package.

    Args:
        path: A package directory, an .xpkg file, a package.yaml, or the gzip of one as it lies in a
            cache.
        ignore: For a directory, patterns of files to leave out.

    Raises:
        DevcacheError: It cannot be read, or is not one package that Crossplane would read too.
    """
    if stat.S_ISDIR(disk.status(path).st_mode):
        return "directory", packages.read(path, ignore=ignore)
    with disk.opened(path) as (descriptor, size):
        content = Range(descriptor, 0, size, disk.shown(path))
        head = Range(descriptor, 0, size, disk.shown(path)).up_to(tarfile.BLOCKSIZE)
        if head.startswith(_GZIP_MAGIC):
            unpacked = Unpacked(content, Allowance(LARGEST_PACKAGE_YAML))
            return "cache file", packages.of_package_yaml(
                path, unpacked.up_to(LARGEST_PACKAGE_YAML + 1)
            )
        offset, magic = _TAR_MAGIC
        if not head.startswith(magic, offset) and path.suffix not in _ARCHIVES:
            return "package.yaml", packages.of_package_yaml(
                path, content.up_to(LARGEST_PACKAGE_YAML + 1)
            )
    return "xpkg", packages.read(path)


def packed_size(package: Package) -> int:
    """Return the bytes that a package takes in Crossplane's cache: gzip -1."""
    return len(gzip.compress(package.package_yaml.content, 1))
