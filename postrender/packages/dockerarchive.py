"""Reads the image of a package file as the crossplane CLI does, through its manifest.json.

The crossplane CLI writes such a file as .xpkg. `docker save`, `podman save`, `crane pull`, skopeo
and buildx (`docker-archive`, `type=docker`) write it as well.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError
from postrender.packages import imagedigest, layers
from postrender.packages.image import Image, not_one_image
from postrender.packages.imagedigest import Blob, sha256
from postrender.packages.jsonfile import read_json, required_text
from postrender.packages.layers import BASE, Layer, damaged

if TYPE_CHECKING:
    from postrender.packages.budget import Budget
    from postrender.packages.files import Files

MANIFEST = "manifest.json"

_DIGEST_NAME = re.compile(r"(?:sha256:)?([0-9a-f]{64})(?:\.tar(?:\.gz)?|\.json)?")
"""The name of a config or layer that is its digest: `sha256:<hex>` and `<hex>.tar.gz` by
go-containerregistry, `blobs/sha256/<hex>`, `<hex>.json` and `<hex>.tar` by Docker and podman."""


def image(files: Files, budget: Budget) -> Image:
    """Return the only image of an archive with a manifest.json.

    Args:
        files: The members of the archive.
        budget: The budget of the package.

    Raises:
        DevcacheError: The archive has not exactly one image, is damaged, or exceeds a limit.
    """
    entry = _only_image(files)
    name = required_text(entry.get("Config"), "Config", files.place(MANIFEST))
    where = files.place(name)
    config = files.file(name).small()
    if _named_digest(name) not in {"", sha256(config)}:
        raise damaged(where)
    fields = read_json(config, where)
    labels = imagedigest.labels(fields, where)
    image_layers = _layers(files, entry, fields, labels)
    has_registry_digest = (
        all(layer.packing for layer in image_layers)
        and not entry.get("LayerSources")  # Docker's own descriptors, with other media types
        and imagedigest.survives_push(config, fields)
    )
    blobs = [Blob(layer.digest, layer.file.size) for layer in image_layers]
    return Image(
        form="xpkg",
        digest=imagedigest.registry_digest(config, blobs, labels) if has_registry_digest else "",
        config_content=config,
        config=fields,
        layers=image_layers,
        package_layers=len(labels),
        where=files.where,
        budget=budget,
    )


def _only_image(files: Files) -> dict[str, object]:
    where = files.place(MANIFEST)
    entries = read_json(files.file(MANIFEST).small(), where)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problem = "is not a list of images"
        raise DevcacheError(problem, where=where)
    if len(entries) != 1:
        hint = (
            "name one package: the .xpkg of `crossplane xpkg build`, or a package directory; "
            "`crossplane project build` writes all packages of a project into one file"
        )
        raise not_one_image(len(entries), where, hint)
    return dict(entries[0])


def _layers(
    files: Files, entry: dict[str, object], config: object, labels: dict[str, str]
) -> tuple[Layer, ...]:
    where = files.place(MANIFEST)
    names = entry.get("Layers") or []
    if not isinstance(names, list) or len(names) > layers.MOST:
        problem = f"Layers is not a list of at most {layers.MOST}"
        raise DevcacheError(problem, where=where)
    diff_ids = layers.diff_ids(config, len(names))
    digests: dict[str, str] = {}
    result = tuple(
        _layer(files, required_text(name, "a layer", where), diff_id, labels, digests)
        for name, diff_id in zip(names, diff_ids, strict=True)
    )
    _require_base(result, names, labels, files.where)
    return result


def _layer(
    files: Files, name: str, diff_id: str, labels: dict[str, str], digests: dict[str, str]
) -> Layer:
    """Return a layer of the manifest, after a comparison with the digest that its name gives.

    Args:
        files: The members of the archive.
        name: The name in the manifest.
        diff_id: The digest of the unpacked layer by the config, or "".
        labels: The labels of the config that describe the content of layers.
        digests: The digests of the layers so far, by the names of their files; the layer's is
            added.
    """
    file = files.layer(name)
    if file.name not in digests:
        digests[file.name] = file.sha256()
    digest = digests[file.name]
    annotation = labels.get(imagedigest.label_of(digest), "")
    layer = Layer(file, digest, layers.packing(file), diff_id, annotation)
    is_unpacked = not layer.packing
    if _named_digest(name) not in {"", digest} or (is_unpacked and diff_id not in {"", digest}):
        raise damaged(file.where)
    return layer


def _require_base(
    image_layers: tuple[Layer, ...], names: list[str], labels: dict[str, str], where: str
) -> None:
    """Refuse an image without the layer with the label `base`, unless it was packed again.

    Docker unpacks layers, and other tools pack them again. Then no layer has the digest of the
    label, but the names or the diff_ids give the digests. Otherwise a layer is damaged.
    """
    is_known = all(
        not layer.packing or _named_digest(name)
        for layer, name in zip(image_layers, names, strict=True)
    )
    has_base = any(layer.annotation == BASE for layer in image_layers)
    if BASE in labels.values() and not has_base and not is_known:
        raise damaged(where)


def _named_digest(name: str) -> str:
    """Return the digest that the name of a config or layer gives, or ""."""
    match = _DIGEST_NAME.fullmatch(posixpath.basename(name))
    return f"sha256:{match[1]}" if match else ""
