"""Writes the image of a package as an archive with a name, which all programs for images load.

The form is that of `docker save`: a manifest.json, the config and the layers, which stay as they
are stored. `docker load`, `ctr images import`, kind, k3d and minikube read it.
"""

from __future__ import annotations

import json
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from postrender.packages import archive, disk, forms
from postrender.packages.budget import Budget
from postrender.packages.imagedigest import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.packages.image import Image
    from postrender.packages.layers import Layer

_PIECE = 1 << 20
"""The bytes to hold in memory at a time."""


@contextmanager
def open_archive(path: Path, name: str, digest: str) -> Iterator[Iterator[bytes]]:
    """Open the archive of an image, after its digests were checked.

    Args:
        path: A package with an image: an .xpkg, an OCI archive or an OCI layout.
        name: The name of the image, e.g. `xpkg.devcache.local/function-zones:0123456789ab`.
        digest: `sha256:<hex>` of the image config when the package was read.

    Yields:
        The archive in pieces of at most 1 MiB.

    Raises:
        DevcacheError: The path has no image, is damaged, or has changed since it was read.
    """
    is_folder = forms.kind_of(path) == "OCI layout"
    with archive.open_image(path, Budget(), is_folder=is_folder) as image:
        if sha256(image.config_content) != digest:
            raise disk.changed(path)
        yield _pieces(image, name)


def _pieces(image: Image, name: str) -> Iterator[bytes]:
    config_name = f"{sha256(image.config_content).removeprefix('sha256:')}.json"
    layers = {_name(layer): layer for layer in image.layers}
    manifest = [
        {
            "Config": config_name,
            "RepoTags": [name],
            "Layers": [_name(layer) for layer in image.layers],
        }
    ]
    yield from _member("manifest.json", json.dumps(manifest).encode())
    yield from _member(config_name, image.config_content)
    for layer_name, layer in layers.items():
        yield _header(layer_name, layer.file.size)
        source = layer.file.open()
        while piece := source.read(_PIECE):
            yield piece
        yield _padding(layer.file.size)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _name(layer: Layer) -> str:
    return f"{layer.digest.removeprefix('sha256:')}.tar{'.gz' if layer.packing == 'gzip' else ''}"


def _member(name: str, content: bytes) -> Iterator[bytes]:
    yield _header(name, len(content))
    yield content
    yield _padding(len(content))


def _header(name: str, size: int) -> bytes:
    header = tarfile.TarInfo(name)
    header.size = size
    return header.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
