"""The digest that a registry gives a package file, computed without a registry.

`crossplane xpkg push` makes the manifest anew: layers in order, each annotated with the label that
the image's config holds for its digest (internal/xpkg/layers.go:AnnotateLayers, since 1.14; files
that are older have no labels), and the config through go-containerregistry's struct.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ANNOTATION = "io.crossplane.xpkg"
"""Key of the annotation that says what a layer holds."""

_CONFIG_FIELDS = (
    "architecture",
    "author",
    "container",
    "created",
    "docker_version",
    "history",
    "os",
    "rootfs",
    "config",
    "os.version",
    "variant",
    "os.features",
)
"""Fields of an image config, in the order of go-containerregistry's pkg/v1/config.go."""

_ALWAYS_WRITTEN = {"architecture", "created", "os", "rootfs", "config"}

_ESCAPED_BY_GO = str.maketrans(
    {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
)


class Blob(NamedTuple):
    """A layer as it is stored."""

    digest: str
    size: int


def label_of(layer_digest: str) -> str:
    """Return the label under which a config keeps a layer's annotation."""
    return f"{ANNOTATION}:{layer_digest}"


def is_kept(config: bytes, fields: object) -> bool:
    """Return whether a push leaves the bytes of an image config as they are.

    True for what Crossplane's and go-containerregistry's tools write. Docker orders the fields in
    another way, so that a push changes the config, and with it the digest.

    Args:
        config: The bytes.
        fields: The same, read as JSON.
    """
    if not isinstance(fields, dict) or not fields.keys() >= _ALWAYS_WRITTEN:
        return False
    ordered = [field for field in _CONFIG_FIELDS if field in fields]
    try:
        return list(fields) == ordered and _go_json(fields) == config
    except RecursionError:
        return False


def registry_digest(config: bytes, layers: Sequence[Blob], labels: Mapping[str, str]) -> str:
    """Return `sha256:<hex>` of the manifest that a push of this image writes."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": len(config),
            "digest": sha256(config),
        },
        "layers": [_descriptor(layer, labels.get(label_of(layer.digest))) for layer in layers],
    }
    return sha256(_go_json(manifest))


def sha256(content: bytes) -> str:
    """Return `sha256:<hex>` of `content`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(layer: Blob, annotation: str | None) -> dict[str, object]:
    descriptor: dict[str, object] = {
        "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "size": layer.size,
        "digest": layer.digest,
    }
    if annotation is None:
        return descriptor
    return {**descriptor, "annotations": {ANNOTATION: annotation}}


def _go_json(value: object) -> bytes:
    """Return compact JSON with the escapes of Go's encoding/json."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPED_BY_GO).encode("utf-8", "surrogatepass")
