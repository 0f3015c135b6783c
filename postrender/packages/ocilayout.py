"""Reads the image of an OCI image layout as a registry gives it to Crossplane.

skopeo and podman (`oci-archive:`), buildx (`type=oci`) and crane (`--format=oci`) write layouts, as
an archive or a folder. A push keeps the bytes of the manifest, and therefore the digest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError
from postrender.packages import imagedigest, layers
from postrender.packages.image import Image, not_one_image
from postrender.packages.imagedigest import sha256
from postrender.packages.jsonfile import read_json
from postrender.packages.layers import Layer, damaged

if TYPE_CHECKING:
    from postrender.packages.budget import Budget
    from postrender.packages.files import Files, StoredFile
    from postrender.packages.package import Form

_INDEX = "index.json"

_IMAGES = frozenset(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_INDEXES = frozenset(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)

_PLATFORM = ("linux", "amd64")
"""The platform whose image Crossplane reads on all machines, by go-containerregistry's default
(remote.Image). The digest of the package is that of the index (remote.Head)."""

_DEEPEST = 4
"""The limit of indexes within indexes."""

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
"""The only digests that go-containerregistry knows (pkg/v1/hash.go)."""


class _Descriptor(NamedTuple):
    """A reference to a blob."""

    media_type: str
    digest: str
    size: int

    platform: tuple[object, object]
    """The operating system and the architecture of an image in an index."""

    annotation: str
    """The kind of package content in a layer, or ""."""


def image(files: Files, budget: Budget, form: Form) -> Image:
    """Return the only image of a layout; of an index, the image that Crossplane reads.

    Args:
        files: The files of the layout.
        budget: The budget of the package.
        form: `OCI archive` or `OCI layout`.

    Raises:
        DevcacheError: The layout has not exactly one image, is damaged, or exceeds a limit.
    """
    top = _only_manifest(files)
    manifest, where = _manifest(files, top)
    config = _descriptor(manifest.get("config"), where)
    config_where = files.place(_name(config))
    content = _content(files, config)
    fields = read_json(content, config_where)
    return Image(
        form=form,
        digest=top.digest,
        config_content=content,
        config=fields,
        layers=_layers(files, manifest, fields, where),
        package_layers=len(imagedigest.labels(fields, config_where)),
        where=files.where,
        budget=budget,
    )


def _only_manifest(files: Files) -> _Descriptor:
    """Return the only entry of index.json; buildx lists an image once for each of its names."""
    where = files.place(_INDEX)
    index = _object(read_json(files.file(_INDEX).small(), where), where)
    entries = {entry.digest: entry for entry in _descriptors(index, "manifests", where)}
    if len(entries) != 1:
        hint = "copy one of the images into another archive or layout"
        raise not_one_image(len(entries), where, hint)
    (entry,) = entries.values()
    return entry


def _manifest(files: Files, top: _Descriptor) -> tuple[dict[str, object], str]:
    """Return the manifest of the image to which a descriptor leads, and its file for messages."""
    descriptor = top
    for _ in range(_DEEPEST + 1):
        where = files.place(_name(descriptor))
        content = _object(read_json(_content(files, descriptor), where), where)
        if descriptor.media_type in _IMAGES:
            return content, where
        if descriptor.media_type not in _INDEXES:
            problem = "is neither an image nor an index, by its media type"
            raise DevcacheError(problem, where=where)
        descriptor = _of_platform(_descriptors(content, "manifests", where), where)
    problem = f"has more than {_DEEPEST} indexes within each other"
    raise DevcacheError(problem, where=files.where)


def _of_platform(entries: list[_Descriptor], where: str) -> _Descriptor:
    """Return the first image for Crossplane's platform (go-containerregistry, remote/index.go)."""
    for entry in entries:
        if entry.platform == _PLATFORM:
            return entry
    problem = f"has no image for {'/'.join(_PLATFORM)}, which Crossplane reads on all platforms"
    hint = "name the archive of one platform, or an index with this platform"
    raise DevcacheError(problem, where=where, hint=hint)


def _layers(
    files: Files, manifest: dict[str, object], config: object, where: str
) -> tuple[Layer, ...]:
    descriptors = _descriptors(manifest, "layers", where)
    if len(descriptors) > layers.MOST:
        problem = f"has more than {layers.MOST} layers"
        raise DevcacheError(problem, where=where)
    blobs: dict[str, StoredFile] = {}
    return tuple(
        _layer(files, descriptor, diff_id, blobs)
        for descriptor, diff_id in zip(
            descriptors, layers.diff_ids(config, len(descriptors)), strict=True
        )
    )


def _layer(
    files: Files, descriptor: _Descriptor, diff_id: str, blobs: dict[str, StoredFile]
) -> Layer:
    """Return a layer, after a comparison with its descriptor.

    Args:
        files: The files of the layout.
        descriptor: The descriptor in the manifest.
        diff_id: The digest of the unpacked layer by the config, or "".
        blobs: The blobs that were compared with their digests so far; the layer's is added.
    """
    digest = descriptor.digest
    if digest not in blobs:
        blobs[digest] = _blob(files, descriptor)
        if blobs[digest].sha256() != digest:
            raise damaged(blobs[digest].where)
    blob = blobs[digest]
    packing = layers.packing(blob)
    if blob.size != descriptor.size or not (packing or diff_id in {"", digest}):
        raise damaged(blob.where)
    return Layer(blob, digest, packing, diff_id, descriptor.annotation)


def _content(files: Files, descriptor: _Descriptor) -> bytes:
    """Return the content of a JSON blob, after a comparison with its descriptor."""
    blob = _blob(files, descriptor)
    content = blob.small()
    if sha256(content) != descriptor.digest:
        raise damaged(blob.where)
    return content


def _blob(files: Files, descriptor: _Descriptor) -> StoredFile:
    blob = files.file(_name(descriptor))
    if blob.size != descriptor.size:
        problem = f"has {blob.size} bytes, but its descriptor says {descriptor.size}"
        hint = "copy or build the file again"
        raise DevcacheError(problem, where=blob.where, hint=hint)
    return blob


def _name(descriptor: _Descriptor) -> str:
    """Return the path of a blob in the layout."""
    return f"blobs/{descriptor.digest.replace(':', '/')}"


def _descriptors(value: dict[str, object], field: str, where: str) -> list[_Descriptor]:
    entries = value.get(field)
    if not isinstance(entries, list):
        problem = f"{field} is not a list"
        raise DevcacheError(problem, where=where)
    return [_descriptor(entry, where) for entry in entries]


def _descriptor(value: object, where: str) -> _Descriptor:
    fields = value if isinstance(value, dict) else {}
    digest, size = fields.get("digest"), fields.get("size")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        problem = "has a descriptor without a sha256 digest"
        raise DevcacheError(problem, where=where, hint="Crossplane knows only sha256")
    if not isinstance(size, int) or isinstance(size, bool):
        problem = "has a descriptor without a size"
        raise DevcacheError(problem, where=where)
    media_type = fields.get("mediaType")
    annotations = fields.get("annotations")
    annotation = annotations.get(imagedigest.ANNOTATION) if isinstance(annotations, dict) else None
    return _Descriptor(
        media_type=media_type if isinstance(media_type, str) else "",
        digest=digest,
        size=size,
        platform=_platform(fields.get("platform")),
        annotation=annotation if isinstance(annotation, str) else "",
    )


def _platform(value: object) -> tuple[object, object]:
    """Return a platform; go-containerregistry takes a missing one for its default."""
    if value is None:
        return _PLATFORM
    fields = value if isinstance(value, dict) else {}
    return fields.get("os"), fields.get("architecture")


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        problem = "is not a JSON object"
        raise DevcacheError(problem, where=where)
    return value
