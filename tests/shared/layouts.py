"""OCI image layouts for tests, as archives and as folders."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.shared.package_files import STREAM, compact, config, digest, packed, tar, write_files

if sys.version_info >= (3, 14):
    from compression import zstd as library
else:
    from backports import zstd as library

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.shared.package_files import Link

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

BASE = {"annotations": {"io.crossplane.xpkg": "base"}}
"""The field of the descriptor of the layer with the package.yaml."""

AMD64 = {"platform": {"os": "linux", "architecture": "amd64"}}
ARM64 = {"platform": {"os": "linux", "architecture": "arm64"}}


def blob(content: bytes) -> str:
    """Return the path of a blob in a layout."""
    return f"blobs/sha256/{digest(content).removeprefix('sha256:')}"


def descriptor(content: bytes, media_type: str, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest(content), "size": len(content), **more}


def index(*descriptors: dict[str, object]) -> bytes:
    """Return an index: index.json, or that of several platforms."""
    return compact({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(descriptors)})


@dataclass(frozen=True)
class Layout:
    """A layout of one image. Tests can replace each of its parts by a bad one.

    Attributes:
        layers: The layers, the lowest one first.
        fields: More fields of the descriptors of layers, by the place of the layer.
        config: The image config.
        manifest: The manifest, if it is not that of the other attributes.
        index: The content of index.json, if it is not that of the manifest.
        more: More files of the layout.
        without: The names of files to leave out.
    """

    layers: Sequence[bytes] = (packed(tar({"package.yaml": STREAM})),)
    fields: Mapping[int, Mapping[str, object]] = field(default_factory=dict)
    config: bytes = config()
    manifest: bytes = b""
    index: bytes = b""
    more: Mapping[str, bytes | Link] = field(default_factory=dict)
    without: Sequence[str] = ()

    def written_manifest(self) -> bytes:
        layers = [
            descriptor(layer, LAYER, **self.fields.get(number, {}))
            for number, layer in enumerate(self.layers)
        ]
        whole = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(self.config, CONFIG),
            "layers": layers,
        }
        return self.manifest or compact(whole)

    def files(self) -> dict[str, bytes | Link]:
        manifest = self.written_manifest()
        files: dict[str, bytes | Link] = {
            **{blob(content): content for content in (*self.layers, self.config, manifest)},
            "index.json": self.index or index(descriptor(manifest, MANIFEST)),
            "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
            **self.more,
        }
        return {name: content for name, content in files.items() if name not in self.without}

    def stored(self) -> bytes:
        """Return the layout as an archive."""
        return tar(self.files())

    def write(self, folder: Path) -> Path:
        """Write the layout as a folder, and return its path."""
        return write_files(folder / "layout", self.files())


def zstd(content: bytes) -> bytes:
    """Return zstd data, as skopeo, podman and buildx write layers on request."""
    data: bytes = library.compress(content, 3)
    return data
