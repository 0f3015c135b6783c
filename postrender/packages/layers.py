"""The layers of an image, and which of them has the package.yaml that counts."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError
from postrender.packages import tarball
from postrender.packages.package import LARGEST_PACKAGE_YAML, PACKAGE_YAML
from postrender.packages.sources import Allowance, Range, Source, Unpacked

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Sequence

_MOST_UNPACKED = 2 << 30
"""Bytes that are unpacked of all layers together, in search of package.yaml."""

_MOST_MEMBERS = 100_000
"""Files of a layer: the fullest runtimes stay below it."""

_WHITEOUTS = (".wh.package.yaml", ".wh..wh..opq")
"""Files that hide what lower layers have: this one file, or everything (OCI image-spec, layer)."""


class Layer(NamedTuple):
    """A layer as it is stored: a range of the archive."""

    descriptor: int
    """The open archive."""

    start: int
    size: int

    where: str
    """What error messages call it."""

    is_packed: bool
    """Whether it is gzip data, by its first bytes; a plain tar file otherwise."""

    def stored(self) -> Range:
        """Return its bytes as they are."""
        return Range(self.descriptor, self.start, self.size, self.where)

    def tar(self, allowance: Allowance) -> Source:
        """Return the tar file that it is."""
        return Unpacked(self.stored(), allowance) if self.is_packed else self.stored()


def package_yaml(layers: Sequence[Layer], based: Sequence[Layer], *, where: str) -> bytes:
    """Return the package.yaml of an image.

    Args:
        layers: All of its layers, the lowest first.
        based: Those that are labelled as the package's own; only these are read, if there are any.
        where: What error messages call the image.

    Raises:
        DevcacheError: There is none, it is no regular file or over 200 MiB, several layers are
            labelled, or a layer that was looked into is damaged.
    """
    if len(based) > 1:
        problem = f"{len(based)} layers are labelled as the package, where Crossplane admits one"
        raise DevcacheError(problem, where=where)
    allowance = Allowance(_MOST_UNPACKED)
    for layer in based or reversed(layers):
        tar = layer.tar(allowance)
        hidden = False
        for member in tarball.members(tar, _MOST_MEMBERS):
            name = posixpath.normpath(member.name).lstrip("/")
            if name == PACKAGE_YAML:
                return _content(member, tar)
            hidden = hidden or name in _WHITEOUTS
        if hidden:
            break
    hint = "is it a Crossplane package? `crossplane xpkg build` makes one"
    problem = f"no {PACKAGE_YAML} in the image"
    raise DevcacheError(problem, where=where, hint=hint)


def _content(member: tarfile.TarInfo, tar: Source) -> bytes:
    where = f"{tar.where}: {PACKAGE_YAML}"
    if not member.isreg():
        problem = "is a link or no regular file"
        raise DevcacheError(problem, where=where)
    if member.size > LARGEST_PACKAGE_YAML:
        problem = f"{member.size} bytes, and Crossplane reads {LARGEST_PACKAGE_YAML} (200 MiB)"
        raise DevcacheError(problem, where=where)
    return tar.exactly(member.size)
