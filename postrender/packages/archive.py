"""Reads a package file: an .xpkg of any crossplane CLI, or one image of `docker save`.

The file is read as a stream and nothing is extracted. A layer is unpacked only if it may contain
package.yaml, so a large runtime costs one sha256 and no memory.
"""

from __future__ import annotations

import json
import posixpath
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError
from postrender.packages import disk, imagedigest, tarball
from postrender.packages.budget import Budget
from postrender.packages.imagedigest import Blob, sha256
from postrender.packages.layers import Layer, damaged, package_yaml
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
"""The limits of the names of members, which stay in memory."""

_LARGEST_JSON = 2 << 20
"""The largest manifest.json or image config in bytes."""

_MOST_LAYERS = 256
"""Crossplane's own limit (1.13, internal/controller/pkg/revision/imageback.go)."""

_DIGEST_NAME = re.compile(r"(?:sha256:)?([0-9a-f]{64})(?:\.tar(?:\.gz)?|\.json)?")
"""The name of a config or layer that is its digest: `sha256:<hex>` and `<hex>.tar.gz` by
go-containerregistry, `blobs/sha256/<hex>`, `<hex>.json` and `<hex>.tar` by Docker and podman."""


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

    budget: Budget
    """The rest of the budget of the package."""

    def package_yaml(self) -> bytes:
        """Return the package.yaml of the image.

        Raises:
            DevcacheError: There is none, or a layer is damaged or exceeds a limit.
        """
        return package_yaml(self.layers, self.base_layers, self.budget, where=self.where)


@contextmanager
def open_image(path: Path, budget: Budget) -> Iterator[Image]:
    """Open the package file at `path`, and close it at the end of the context.

    Args:
        path: The package file.
        budget: The budget of the package.

    Yields:
        The image in the file.

    Raises:
        DevcacheError: The file cannot be read, is not an archive of exactly one image, is damaged,
            or exceeds a limit.
    """
    with disk.open_file(path) as (descriptor, size):
        archive = _archive(Range(descriptor, 0, size, disk.title(path)), descriptor, budget)
        yield _image(archive, _only_image(archive), size, budget)


def read_again(path: Path, digest: str) -> bytes:
    """Return the package.yaml of a package file that was read before, with this digest.

    Raises:
        DevcacheError: As for `open_image`, or the file has another digest now.
    """
    with open_image(path, Budget()) as image:
        if image.digest == digest:
            return image.package_yaml()
    problem = "was changed while it was read"
    raise DevcacheError(problem, where=disk.title(path), hint="run the same command again")


def _image(archive: _Archive, entry: dict[str, object], size: int, budget: Budget) -> Image:
    config_name = _text(entry.get("Config"), "Config", archive.place(_MANIFEST))
    config = archive.small_file(config_name)
    if _named_digest(config_name) not in {"", sha256(config)}:
        raise damaged(archive.place(config_name))
    fields = _json(config, archive.place(config_name))
    layers = _layers(archive, entry, fields)
    labels = _labels(fields, archive.place(config_name))
    has_registry_digest = (
        all(layer.is_packed for layer in layers)
        and not entry.get("LayerSources")  # Docker's own descriptors, with other media types
        and imagedigest.survives_push(config, fields)
    )
    blobs = [Blob(layer.digest, layer.size) for layer in layers]
    digest = imagedigest.registry_digest(config, blobs, labels) if has_registry_digest else ""
    return Image(
        digest, size, layers, _base_layers(layers, labels, archive.where), archive.where, budget
    )


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


def _archive(file: Range, descriptor: int, budget: Budget) -> _Archive:
    if file.size > _LARGEST_ARCHIVE:
        problem = f"is larger than {_LARGEST_ARCHIVE >> 30} GiB"
        raise DevcacheError(problem, where=file.where)
    if Range(descriptor, 0, file.size, file.where).up_to(2) == _GZIP_MAGIC:
        problem = "is compressed as a whole with gzip, unlike a package file"
        raise DevcacheError(problem, where=file.where, hint="gunzip it")
    members: dict[str, tarfile.TarInfo] = {}
    for number, member in enumerate(tarball.members(file, budget)):
        if number == _MOST_MEMBERS:
            problem = f"has more than {_MOST_MEMBERS} members"
            raise DevcacheError(problem, where=file.where)
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


def _layers(archive: _Archive, entry: dict[str, object], config: object) -> tuple[Layer, ...]:
    where = archive.place(_MANIFEST)
    names = entry.get("Layers") or []
    if not isinstance(names, list) or len(names) > _MOST_LAYERS:
        problem = f"Layers is not a list of at most {_MOST_LAYERS}"
        raise DevcacheError(problem, where=where)
    diff_ids = _diff_ids(config, len(names))
    digests: dict[int, str] = {}
    return tuple(
        _layer(archive, _text(name, "a layer", where), diff_id, digests)
        for name, diff_id in zip(names, diff_ids, strict=True)
    )


def _layer(archive: _Archive, name: str, diff_id: str, digests: dict[int, str]) -> Layer:
    """Return a layer of the manifest, after a comparison with the digest that its name gives.

    Args:
        archive: The archive.
        name: The name in the manifest.
        diff_id: The digest of the unpacked layer by the config, or "".
        digests: The digests of the layers so far, by their start; the layer's is added.
    """
    member = archive.member(name)
    # `docker save` before version 25 links equal layers.
    if member.issym():
        member = archive.member(posixpath.join(posixpath.dirname(name), member.linkname))
    elif member.islnk():
        member = archive.member(member.linkname)
    content = archive.content(member, name)
    is_packed = content.up_to(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    start, named = member.offset_data, _named_digest(name)
    if start not in digests:
        digests[start] = archive.content(member, name).sha256()
    layer = Layer(
        descriptor=archive.descriptor,
        start=start,
        size=member.size,
        where=content.where,
        is_packed=is_packed,
        digest=digests[start],
        has_named_digest=named != "",
        diff_id=diff_id,
    )
    if named not in {"", layer.digest} or not (is_packed or diff_id in {"", layer.digest}):
        raise damaged(layer.where)
    return layer


def _named_digest(name: str) -> str:
    """Return the digest that the name of a config or layer gives, or ""."""
    match = _DIGEST_NAME.fullmatch(posixpath.basename(name))
    return f"sha256:{match[1]}" if match else ""


def _diff_ids(config: object, count: int) -> list[str]:
    """Return the digest of each unpacked layer by the config, or "" if it does not give them."""
    rootfs = config.get("rootfs") if isinstance(config, dict) else None
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(diff_ids, list) or len(diff_ids) != count:
        return [""] * count
    return [diff_id if isinstance(diff_id, str) else "" for diff_id in diff_ids]


def _base_layers(
    layers: tuple[Layer, ...], labels: dict[str, str], where: str
) -> tuple[Layer, ...]:
    """Return the layers with the label `base`.

    Docker unpacks layers, and other tools pack them again. Then no layer has the digest of the
    label, but the names or the diff_ids give the digests. Otherwise a layer is damaged.
    """
    base = tuple(
        layer for layer in layers if labels.get(imagedigest.label_of(layer.digest)) == "base"
    )
    is_known = all(layer.has_named_digest or not layer.is_packed for layer in layers)
    if "base" in labels.values() and not base and not is_known:
        raise damaged(where)
    return base


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
