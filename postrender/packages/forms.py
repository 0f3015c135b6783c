"""Detects the form of a package on disk: a directory, an image, or a stream of objects."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Literal

from postrender.errors import DevcacheError
from postrender.packages import disk
from postrender.packages.budget import unpacked
from postrender.packages.package import LARGEST_PACKAGE_YAML
from postrender.packages.sources import GZIP_MAGIC, Range, Unpacked

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.packages.sources import Source

Kind = Literal["directory", "OCI layout", "archive", "package.yaml", "package.yaml.gz"]
"""The forms that need different readers: an archive is an .xpkg or an OCI archive."""

LAYOUT_MARKER = "oci-layout"
"""The file that marks an OCI layout (OCI image-spec, image-layout.md)."""

_BLOCK = 512
"""The bytes of a tar header."""

_TAR_MAGIC = (257, b"ustar")

_ARCHIVES = (".xpkg", ".tar", ".tgz", ".tar.gz", ".xpkg.gz")
"""The suffixes of files that must be archives."""

_OTHER_PACKINGS = (b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh")
"""The first bytes of files of zstd, xz and bzip2."""


def kind_of(path: Path) -> Kind:
    """Return the form of the package at `path`, by its first bytes.

    Raises:
        DevcacheError: The path cannot be read, or is a file of an unsupported compression.
    """
    if stat.S_ISDIR(disk.status(path).st_mode):
        marker = path / LAYOUT_MARKER
        is_layout = os.path.isfile(marker)  # noqa: PTH113  # False in a folder without access
        return "OCI layout" if is_layout else "directory"
    with disk.open_file(path) as (descriptor, size):
        file = Range(descriptor, 0, size, disk.title(path))
        head = file.at(0).up_to(_BLOCK)
        if head.startswith(_OTHER_PACKINGS):
            problem = "is compressed as a whole, and not with gzip"
            raise DevcacheError(problem, where=file.where, hint="unpack it")
        is_packed = head.startswith(GZIP_MAGIC)
        if is_packed and not path.name.endswith(_ARCHIVES):
            head = Unpacked(file, unpacked(LARGEST_PACKAGE_YAML)).up_to(_BLOCK)
    if path.name.endswith(_ARCHIVES) or head.startswith(_TAR_MAGIC[1], _TAR_MAGIC[0]):
        return "archive"
    return "package.yaml.gz" if is_packed else "package.yaml"


def stream(path: Path) -> bytes:
    """Return the content of a package.yaml, or of its gzip.

    Raises:
        DevcacheError: The file cannot be read, is damaged, or has more than 200 MiB.
    """
    with disk.open_file(path) as (descriptor, size):
        file = Range(descriptor, 0, size, disk.title(path))
        source: Source = file
        if file.at(0).up_to(len(GZIP_MAGIC)) == GZIP_MAGIC:
            source = Unpacked(file, unpacked(LARGEST_PACKAGE_YAML))
        elif size > LARGEST_PACKAGE_YAML:
            problem = f"is larger than {LARGEST_PACKAGE_YAML >> 20} MiB"
            raise DevcacheError(problem, where=file.where)
        return source.up_to(LARGEST_PACKAGE_YAML + 1)
