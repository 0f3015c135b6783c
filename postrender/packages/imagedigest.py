"""Computes the digest that a package file gets in a registry, without a registry.

`crossplane xpkg push` writes a new manifest. It annotates each layer with the label for its digest
in the image config (internal/xpkg/layers.go:AnnotateLayers, since 1.14; older files have no
labels), and writes the config through go-containerregistry's struct.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from postrender.packages.jsonfile import required_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ANNOTATION = "io.crossplane.xpkg"
"""The key of the annotation that describes a layer's content."""

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
"""The fields of an image config, in the order of go-containerregistry's pkg/v1/config.go."""

_ALWAYS_WRITTEN = {"architecture", "created", "os", "rootfs", "config"}

_ESCAPED_BY_GO = str.maketrans(
    {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
)


class Blob(NamedTuple):
    """The digest and the size in bytes of a layer as stored."""

    digest: str
    size: int


def label_of(layer_digest: str) -> str:
    """Return the key of the config's label for the annotation of a layer."""
    return f"{ANNOTATION}:{layer_digest}"


def labels(config: object, where: str) -> dict[str, str]:
    """Return the labels of an image config that describe the content of layers.

    Args:
        config: The parsed JSON of the config.
        where: The config, for error messages.

    Raises:
        DevcacheError: A label is not a string.
    """
    inner = config.get("config") if isinstance(config, dict) else None
    all_labels = inner.get("Labels") if isinstance(inner, dict) else None
    if not isinstance(all_labels, dict):
        return {}
    return {
        key: required_text(value, "a label", where)
        for key, value in all_labels.items()
        if key.startswith(ANNOTATION)
    }


def survives_push(config: bytes, fields: object) -> bool:
    """Return whether a push preserves the bytes of an image config.

    It does for the configs of Crossplane's and go-containerregistry's tools. Docker orders the
    fields differently: a push changes such a config, and therefore the digest.

    Args:
        config: The bytes of the config.
        fields: The parsed JSON of the config.
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


def sha256(content: bytes | memoryview) -> str:
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
    import json  # noqa: PLC0415  # the filter rarely needs it

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPED_BY_GO).encode("utf-8", "surrogatepass")
