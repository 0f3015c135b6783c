"""What fits where: the ConfigMap, Helm's release, the cache volume."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from postrender import quantities
from postrender.errors import DevcacheError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.cache.placement import Placed
    from postrender.manifests.nodes import Plain

CONFIG_MAP = 1024 * 1024
"""Bytes of decoded data in one ConfigMap (Kubernetes pkg/apis/core/validation, MaxSecretSize)."""

RELEASE = 786_432
"""Bytes of gzip in a Helm release: its Secret may hold 1 MiB, and Helm adds base64."""

RELEASE_MARGIN = 64 * 1024
"""Bytes of gzip kept for what a post-renderer does not see: the chart's files and the values."""


_PIECE = 1 << 20
"""Bytes that are packed at a time."""


def check_config_map(contents: dict[str, Plain], *, where: str) -> None:
    """Refuse contents that Kubernetes would refuse.

    Args:
        contents: `data` and `binaryData` of the ConfigMap.
        where: What error messages call it.

    Raises:
        DevcacheError: They are over 1 MiB.
    """
    size = config_map_size(contents)
    if size > CONFIG_MAP:
        problem = f"the packed packages are {size:,} bytes, and a ConfigMap holds {CONFIG_MAP:,}"
        hint = "set payload: apart, or declare fewer packages"
        raise DevcacheError(problem, where=where, hint=hint)


def config_map_size(contents: dict[str, Plain]) -> int:
    """Return what a ConfigMap's `data` and `binaryData` count, in bytes."""
    return sum(_size(part, encoded=key == "binaryData") for key, part in contents.items())


def _size(part: Plain, *, encoded: bool) -> int:
    if not isinstance(part, dict):
        return 0
    texts = [str(value) for value in part.values()]
    return sum(_decoded_size(text) if encoded else len(text.encode()) for text in texts)


def _decoded_size(base64: str) -> int:
    return len(base64) // 4 * 3 - base64[-2:].count("=")


def check_release(manifests: Sequence[bytes]) -> None:
    """Refuse manifests that Helm could not store in the release's Secret.

    Helm stores gzip -9 of the release (v4.2.4 pkg/storage/driver/util.go). The filter sees only
    the manifests, so a margin stands for the rest.

    Args:
        manifests: The stream, in pieces.

    Raises:
        DevcacheError: They are too large.
    """
    ceiling = RELEASE - RELEASE_MARGIN
    if sum(map(len, manifests)) <= ceiling:  # fits without looking
        return
    # gzip -1 is fast, and smaller by no more than a trifle, if at all: most that fits shows by it.
    if all(_exceeds(manifests, level, ceiling) for level in (1, 9)):
        problem = (
            f"the manifests are more than {ceiling:,} bytes packed, which is what Helm's release"
            " Secret holds beside the chart and values"
        )
        hint = "set payload: apart; or limits.release=false if the release is not a Secret"
        raise DevcacheError(problem, hint=hint)


def release_size(manifests: bytes) -> int:
    """Return what manifests count in Helm's release Secret, in bytes of gzip."""
    return len(zlib.compress(manifests, 9))


def _exceeds(pieces: Iterable[bytes], level: int, ceiling: int) -> bool:
    """Return whether zlib packs the pieces to more bytes; it stops as soon as that is sure."""
    packing = zlib.compressobj(level)
    size = 0
    for piece in pieces:
        for start in range(0, len(piece), _PIECE):
            size += len(packing.compress(piece[start : start + _PIECE]))
            if size > ceiling:
                return True
    return size + len(packing.flush()) > ceiling


def check_cache(placed: Sequence[Placed], size_limit: str, *, where: str) -> None:
    """Refuse a sizeLimit of the cache volume that the local packages alone exceed.

    Args:
        placed: The local packages.
        size_limit: A quantity, or "" for no limit.
        where: What error messages call the volume.

    Raises:
        DevcacheError: Kubernetes would evict the pod.
    """
    limit = quantities.in_bytes(size_limit)
    if limit is None:
        return
    raw = sum(one.package.package_yaml.size for one in placed)
    if raw + raw // 1000 + 64 * len(placed) <= limit:  # zlib's compressBound is lower
        return
    size = cache_size(placed)
    if size > limit:
        problem = f"the packages take {size:,} bytes of the cache, and its sizeLimit is {limit:,}"
        hint = "set cache.readWrite.sizeLimit to auto, or higher"
        raise DevcacheError(problem, where=where, hint=hint)


def cache_size(placed: Sequence[Placed]) -> int:
    """Return what the copier puts into the cache, in bytes: gzip -1."""
    return sum(len(zlib.compress(one.package.package_yaml.content, 1)) for one in placed)
