"""Finds the package.yaml in the layers of an image, as Crossplane does."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Literal, NamedTuple

from postrender.errors import DevcacheError
from postrender.packages import tarball
from postrender.packages.package import LARGEST_PACKAGE_YAML, PACKAGE_YAML
from postrender.packages.sources import GZIP_MAGIC, Hashed, Source, Unpacked

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Sequence

    from postrender.packages.budget import Budget
    from postrender.packages.files import StoredFile

Packing = Literal["", "gzip", "zstd"]
"""The compression of a layer; "" for a plain tar file."""

MOST = 256
"""Crossplane's own limit (1.13, internal/controller/pkg/revision/imageback.go)."""

BASE = "base"
"""The annotation of the layer with the package.yaml."""

_MAGICS: tuple[tuple[Packing, bytes], ...] = (("gzip", GZIP_MAGIC), ("zstd", b"\x28\xb5\x2f\xfd"))
"""The first bytes by which go-containerregistry tells a compression (internal/compression)."""

_WHITEOUTS = (".wh.package.yaml", ".wh..wh..opq")
"""Files that hide package.yaml, or all files, of the lower layers (OCI image-spec, layer)."""


class Layer(NamedTuple):
    """A layer of an image."""

    file: StoredFile
    """The file of the layer."""

    digest: str
    """`sha256:<hex>` of the layer as stored."""

    packing: Packing

    diff_id: str
    """`sha256:<hex>` of the unpacked layer by the image config, or ""."""

    annotation: str
    """The kind of package content in the layer, by its annotation or label, or ""."""


def packing(file: StoredFile) -> Packing:
    """Return the compression of a layer, by its first bytes."""
    head = file.open().up_to(max(len(magic) for _, magic in _MAGICS))
    return next((name for name, magic in _MAGICS if head.startswith(magic)), "")


def diff_ids(config: object, count: int) -> list[str]:
    """Return the digest of each unpacked layer by the config, or "" if it does not give them.

    Args:
        config: The parsed JSON of the image config.
        count: The number of layers.
    """
    rootfs = config.get("rootfs") if isinstance(config, dict) else None
    values = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(values, list) or len(values) != count:
        return [""] * count
    return [value if isinstance(value, str) else "" for value in values]


def package_yaml(layers: Sequence[Layer], budget: Budget, *, where: str) -> tuple[Layer, bytes]:
    """Return the layer with the package.yaml of an image, and the package.yaml.

    Args:
        layers: All layers, the lowest one first. Only the layer of package content is read, if any.
        budget: The budget of the package.
        where: The image, for error messages.

    Raises:
        DevcacheError: There is no package.yaml, it is not a regular file or is larger than 200 MiB,
            several layers are annotated, or a layer in which it may be is damaged.
    """
    base_layers = [layer for layer in layers if layer.annotation == BASE]
    if len(base_layers) > 1:
        problem = f"{len(base_layers)} layers are labelled as the package; Crossplane accepts one"
        raise DevcacheError(problem, where=where)
    # A layer that is listed again brings nothing new.
    distinct = {layer.digest: layer for layer in reversed(base_layers or layers)}
    for layer in distinct.values():
        content, has_whiteout = _read(layer, budget)
        if content is not None:
            return layer, content
        if has_whiteout:
            break
    hint = "is it a Crossplane package? build one with `crossplane xpkg build`"
    problem = f"no {PACKAGE_YAML} in the image"
    raise DevcacheError(problem, where=where, hint=hint)


def damaged(where: str) -> DevcacheError:
    """Return the refusal of a file with another digest or size than it must have."""
    problem = "is damaged: its digest is not that of its name, its label or the image config"
    return DevcacheError(problem, where=where, hint="copy or build the file again")


def _read(layer: Layer, budget: Budget) -> tuple[bytes | None, bool]:
    """Return the package.yaml of a layer, if any, and whether the layer hides those below.

    A packed layer is read up to its end, because its checksums are there.
    """
    if not layer.packing:  # its digest is checked
        return _search(layer.file.open(), budget)
    tar = Hashed(_unpacked(layer, budget))
    result = _search(tar, budget)
    if layer.diff_id not in {"", tar.sha256()}:
        raise damaged(layer.file.where)
    return result


def _unpacked(layer: Layer, budget: Budget) -> Source:
    if layer.packing == "gzip":
        return Unpacked(layer.file.open(), budget.unpacked)
    from postrender.packages.zstd import UnpackedZstd  # noqa: PLC0415  # few layers need it

    return UnpackedZstd(layer.file.open(), budget.unpacked)


def _search(tar: Source, budget: Budget) -> tuple[bytes | None, bool]:
    has_whiteout = False
    for member in tarball.members(tar, budget):
        name = posixpath.normpath(member.name).lstrip("/")
        if name == PACKAGE_YAML:
            return _content(member, tar), False
        has_whiteout = has_whiteout or name in _WHITEOUTS
    return None, has_whiteout


def _content(member: tarfile.TarInfo, tar: Source) -> bytes:
    where = f"{tar.where}: {PACKAGE_YAML}"
    if not member.isreg():
        problem = "is a link or not a regular file"
        raise DevcacheError(problem, where=where)
    if member.size > LARGEST_PACKAGE_YAML:
        problem = f"has {member.size} bytes; Crossplane reads at most {LARGEST_PACKAGE_YAML}"
        raise DevcacheError(problem, where=where)
    return tar.exactly(member.size)
