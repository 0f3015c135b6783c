"""Finds the package.yaml in the layers of an image, as Crossplane does."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError
from postrender.packages import tarball
from postrender.packages.package import LARGEST_PACKAGE_YAML, PACKAGE_YAML
from postrender.packages.sources import Hashed, Range, Source, Unpacked

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Sequence

    from postrender.packages.budget import Budget

_WHITEOUTS = (".wh.package.yaml", ".wh..wh..opq")
"""Files that hide package.yaml, or all files, of the lower layers (OCI image-spec, layer)."""


class Layer(NamedTuple):
    """A layer as stored: a range of the archive."""

    descriptor: int
    """The file descriptor of the open archive."""

    start: int
    size: int

    where: str
    """The layer, for error messages."""

    is_packed: bool
    """Whether the layer is gzip data, by its first bytes; otherwise it is a plain tar file."""

    digest: str
    """`sha256:<hex>` of the layer as stored."""

    has_named_digest: bool
    """Whether the name of the layer is its digest."""

    diff_id: str
    """`sha256:<hex>` of the unpacked layer by the image config, or ""."""

    def content(self) -> Range:
        """Return the bytes of the layer as stored."""
        return Range(self.descriptor, self.start, self.size, self.where)


def package_yaml(
    layers: Sequence[Layer], base_layers: Sequence[Layer], budget: Budget, *, where: str
) -> bytes:
    """Return the package.yaml of an image.

    Args:
        layers: All layers, the lowest one first.
        base_layers: The layers with the label of package content; only these are read, if any.
        budget: The budget of the package.
        where: The image, for error messages.

    Raises:
        DevcacheError: There is no package.yaml, it is not a regular file or is larger than 200 MiB,
            several layers are labelled, or a layer in which it may be is damaged.
    """
    if len(base_layers) > 1:
        problem = f"{len(base_layers)} layers are labelled as the package; Crossplane accepts one"
        raise DevcacheError(problem, where=where)
    # A layer that is listed again brings nothing new.
    distinct = {layer.start: layer for layer in reversed(base_layers or layers)}
    for layer in distinct.values():
        content, has_whiteout = _read(layer, budget)
        if content is not None:
            return content
        if has_whiteout:
            break
    hint = "is it a Crossplane package? build one with `crossplane xpkg build`"
    problem = f"no {PACKAGE_YAML} in the image"
    raise DevcacheError(problem, where=where, hint=hint)


def _read(layer: Layer, budget: Budget) -> tuple[bytes | None, bool]:
    """Return the package.yaml of a layer, if any, and whether the layer hides those below.

    A gzip layer is read up to its end, because its checksums are there.
    """
    if not layer.is_packed:  # its digest is checked
        return _search(layer.content(), budget)
    tar = Hashed(Unpacked(layer.content(), budget.unpacked))
    result = _search(tar, budget)
    if layer.diff_id not in {"", tar.sha256()}:
        raise damaged(layer.where)
    return result


def _search(tar: Source, budget: Budget) -> tuple[bytes | None, bool]:
    has_whiteout = False
    for member in tarball.members(tar, budget):
        name = posixpath.normpath(member.name).lstrip("/")
        if name == PACKAGE_YAML:
            return _content(member, tar), False
        has_whiteout = has_whiteout or name in _WHITEOUTS
    return None, has_whiteout


def damaged(where: str) -> DevcacheError:
    """Return the refusal of a layer or image config with another digest than it must have."""
    problem = "is damaged: its digest is not that of its name, its label or the image config"
    return DevcacheError(problem, where=where, hint="copy or build the file again")


def _content(member: tarfile.TarInfo, tar: Source) -> bytes:
    where = f"{tar.where}: {PACKAGE_YAML}"
    if not member.isreg():
        problem = "is a link or not a regular file"
        raise DevcacheError(problem, where=where)
    if member.size > LARGEST_PACKAGE_YAML:
        problem = f"has {member.size} bytes; Crossplane reads at most {LARGEST_PACKAGE_YAML}"
        raise DevcacheError(problem, where=where)
    return tar.exactly(member.size)
