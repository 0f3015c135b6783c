"""Reads a package file: an .xpkg of any crossplane CLI, or one image of `docker save`.

The file is read as a stream and nothing is extracted. A layer is unpacked only if it may contain
package.yaml, so a large runtime costs one sha256 and no memory.
"""

from __future__ import annotations

import json
import posixpath
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError
from postrender.packages import disk, imagedigest, tarball
from postrender.packages.imagedigest import Blob
from postrender.packages.layers import Layer, package_yaml
from postrender.packages.sources import Range

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterator
    from pathlib import Path

_MANIFEST = "manifest.json"

_GZIP_MAGIC = b"\x1f\x8b"

_LARGEST_ARCHIVE = 16 << 30
"""The largest archive in bytes. A sparse file can claim any size, and each layer is hashed."""

_MOST_MEMBERS = 10_000
_LONGEST_NAME = 4096

_LARGEST_JSON = 2 << 20
"""The largest manifest.json or image config in bytes."""

_MOST_LAYERS = 256
"""Crossplane's own limit (1.13, internal/controller/pkg/revision/imageback.go)."""


class Image(NamedTuple):
    """The image in a package file; valid while the file is open."""

    digest: str
    """The digest, `sha256:<hex>`, that `crossplane xpkg push` of the file has in a registry.

    It is "" if a push would change the image.
    """

    size: int
    """The size of the file in bytes."""

    layers: tuple[Layer, ...]

    base_layers: tuple[Layer, ...]
    """The layers with the label of package content (`base`)."""

    where: str
    """The file, for error messages."""

    def package_yaml(self) -> bytes:
        """Return the package.yaml of the image.

        Raises:
            DevcacheError: There is none, or a layer is damaged or exceeds a limit.
        """
        return package_yaml(self.layers, self.base_layers, where=self.where)


@contextmanager
def open_image(path: Path) -> Iterator[Image]:
    """Open the package file at `path`, and close it at the end of the context.

    Yields:
        The image in the file.

    Raises:
        DevcacheError: The file cannot be read, is not an archive of exactly one image, is damaged,
            or exceeds a limit.
    """
    with disk.open_file(path) as (descriptor, size):
        archive = _archive(Range(descriptor, 0, size, disk.title(path)), descriptor)
        yield _image(archive, _only_image(archive), size)


def read_again(path: Path, digest: str) -> bytes:
    """Return the package.yaml of a package file that was read before, with this digest.

    Raises:
        DevcacheError: As for `open_image`, or the file has another digest now.
    """
    with open_image(path) as image:
        if image.digest == digest:
            return image.package_yaml()
    problem = "was changed while it was read"
    raise DevcacheError(problem, where=disk.title(path), hint="run the same command again")


def _image(archive: _Archive, entry: dict[str, object], size: int) -> Image:
    layers = _layers(archive, entry)
    config_name = _text(entry.get("Config"), "Config", archive.place(_MANIFEST))
    config = archive.small_file(config_name)
    fields = _json(config, archive.place(config_name))
    labels = _labels(fields, archive.place(config_name))
    has_registry_digest = (
        all(layer.is_packed for layer in layers)
        and not entry.get("LayerSources")  # Docker's own descriptors, with other media types
        and imagedigest.survives_push(config, fields)
    )
    blobs = _blobs(layers) if has_registry_digest or labels else ()
    base_layers = tuple(
        layer
        for layer, blob in zip(layers, blobs, strict=False)
        if labels.get(imagedigest.label_of(blob.digest)) == "base"
    )
    digest = imagedigest.registry_digest(config, blobs, labels) if has_registry_digest else ""
    return Image(digest, size, layers, base_layers, archive.where)


class _Archive(NamedTuple):
    """An open archive and the headers of its members."""

    descriptor: int
    where: str
    members: dict[str, tarfile.TarInfo]

    def place(self, name: str) -> str:
        """Return a member, for error messages."""
        return f"{self.where}: {disk.title(name)}"

    def member(self, name: str) -> tarfile.TarInfo:
        """Return a member, or raise a `DevcacheError` if the archive has none of this name."""
        member = self.members.get(posixpath.normpath(name))
        if member is None:
            problem = "is not in the archive"
            hint = "is the file complete, and a package?"
            raise DevcacheError(problem, where=self.place(name), hint=hint)
        return member

    def content(self, member: tarfile.TarInfo, name: str) -> Range:
        """Return the bytes of a member that is a regular file."""
        if not member.isreg():
            problem = "is a link or not a regular file"
            raise DevcacheError(problem, where=self.place(name))
        return Range(self.descriptor, member.offset_data, member.size, self.place(name))

    def small_file(self, name: str) -> bytes:
        """Return the content of a JSON file, which must not be a link."""
        content = self.content(self.member(name), name)
        if content.size > _LARGEST_JSON:
            problem = f"has {content.size} bytes, more than the limit of {_LARGEST_JSON}"
            raise DevcacheError(problem, where=content.where)
        return content.exactly(content.size)


def _archive(file: Range, descriptor: int) -> _Archive:
    if file.size > _LARGEST_ARCHIVE:
        problem = f"is larger than {_LARGEST_ARCHIVE >> 30} GiB"
        raise DevcacheError(problem, where=file.where)
    if Range(descriptor, 0, file.size, file.where).up_to(2) == _GZIP_MAGIC:
        problem = "is compressed as a whole with gzip, unlike a package file"
        raise DevcacheError(problem, where=file.where, hint="gunzip it")
    members: dict[str, tarfile.TarInfo] = {}
    for member in tarball.members(file, _MOST_MEMBERS):
        # The names of all members stay in memory.
        if max(len(member.name), len(member.linkname)) > _LONGEST_NAME:
            problem = f"has a member with a name of more than {_LONGEST_NAME} characters"
            raise DevcacheError(problem, where=file.where)
        # Of members with the same name, go-containerregistry reads the first.
        members.setdefault(posixpath.normpath(member.name), member)
    return _Archive(descriptor, file.where, members)


def _only_image(archive: _Archive) -> dict[str, object]:
    where = archive.place(_MANIFEST)
    entries = _json(archive.small_file(_MANIFEST), where)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problem = "is not a list of images"
        raise DevcacheError(problem, where=where)
    if len(entries) != 1:
        problem = f"has {len(entries)} images, but a package has exactly one"
        hint = (
            "name one package: the .xpkg of `crossplane xpkg build`, or a package directory; "
            "`crossplane project build` writes all packages of a project into one file"
        )
        raise DevcacheError(problem, where=where, hint=hint)
    return dict(entries[0])


def _layers(archive: _Archive, entry: dict[str, object]) -> tuple[Layer, ...]:
    where = archive.place(_MANIFEST)
    names = entry.get("Layers") or []
    if not isinstance(names, list) or len(names) > _MOST_LAYERS:
        problem = f"Layers is not a list of at most {_MOST_LAYERS}"
        raise DevcacheError(problem, where=where)
    return tuple(_layer(archive, _text(name, "a layer", where)) for name in names)


def _layer(archive: _Archive, name: str) -> Layer:
    member = archive.member(name)
    # `docker save` before version 25 links equal layers.
    if member.issym():
        member = archive.member(posixpath.join(posixpath.dirname(name), member.linkname))
    elif member.islnk():
        member = archive.member(member.linkname)
    content = archive.content(member, name)
    is_packed = content.up_to(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    return Layer(archive.descriptor, member.offset_data, member.size, content.where, is_packed)


def _blobs(layers: tuple[Layer, ...]) -> tuple[Blob, ...]:
    """Return the digest and size of each layer; hash repeated layers only once."""
    distinct = {layer.start: layer for layer in layers}
    digests = {start: layer.content().sha256() for start, layer in distinct.items()}
    return tuple(Blob(digests[layer.start], layer.size) for layer in layers)


def _labels(config: object, where: str) -> dict[str, str]:
    """Return the labels that describe the content of layers."""
    inner = config.get("config") if isinstance(config, dict) else None
    labels = inner.get("Labels") if isinstance(inner, dict) else None
    if not isinstance(labels, dict):
        return {}
    return {
        key: _text(value, "a label", where)
        for key, value in labels.items()
        if key.startswith(imagedigest.ANNOTATION)
    }


def _json(content: bytes, where: str) -> object:
    try:
        value: object = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        problem = "is not valid JSON"
        raise DevcacheError(problem, where=where) from error
    return value


def _text(value: object, field: str, where: str) -> str:
    if not isinstance(value, str):
        problem = f"{field} is not a string"
        raise DevcacheError(problem, where=where)
    return value
