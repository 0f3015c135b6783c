"""The limits of the ConfigMap, of Helm's release and of the cache volume, and their refusals."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from postrender import quantities, result_cache
from postrender.errors import DevcacheError
from postrender.payload import compression

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.payload.contents import Contents
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache

CONFIG_MAP = 1024 * 1024
"""Bytes of decoded data in one ConfigMap (Kubernetes pkg/apis/core/validation, MaxSecretSize)."""

RELEASE = 786_432
"""Bytes of gzip in a Helm release: its Secret may hold 1 MiB, and Helm adds base64."""

RELEASE_MARGIN = 64 * 1024
"""Bytes of gzip for the parts of a release that a post-renderer does not see: chart and values."""

CONFIG_MAP_HINT = "set payload: apart, or declare fewer packages"
RELEASE_HINT = "set payload: apart; or limits.release=false if the release is not a Secret"
CACHE_HINT = "set cache.readWrite.sizeLimit to auto, or higher"
"""The remedies for packages that exceed a limit."""

_PIECE = 1 << 20
"""Bytes to pack at a time."""


def check_config_map(contents: Contents, *, where: str, hint: str = CONFIG_MAP_HINT) -> None:
    """Refuse contents that Kubernetes would refuse.

    Args:
        contents: The contents of the ConfigMap.
        where: The ConfigMap, for error messages.
        hint: The remedy.

    Raises:
        DevcacheError: They exceed 1 MiB.
    """
    if contents.size > CONFIG_MAP:
        problem = (
            f"the packed packages are {contents.size:,} bytes, but a ConfigMap holds {CONFIG_MAP:,}"
        )
        raise DevcacheError(problem, where=where, hint=hint)


def check_release(manifests: Sequence[bytes]) -> None:
    """Refuse manifests that Helm could not store in the release's Secret.

    Helm stores gzip -9 of the release (v4.2.4 pkg/storage/driver/util.go). The filter sees only
    the manifests; a margin allows for the rest.

    Args:
        manifests: The stream, in pieces.

    Raises:
        DevcacheError: They are too large.
    """
    ceiling = RELEASE - RELEASE_MARGIN
    if sum(map(len, manifests)) <= ceiling:  # gzip does not enlarge a stream that much
        return
    # gzip -1 is fast, and almost never smaller than gzip -9: it decides most cases.
    if all(_exceeds(manifests, level, ceiling) for level in (1, 9)):
        problem = (
            f"the packed manifests exceed {ceiling:,} bytes, the room in Helm's release Secret"
            " beside the chart and values"
        )
        raise DevcacheError(problem, hint=RELEASE_HINT)


def release_size(manifests: bytes) -> int:
    """Return the bytes of gzip that manifests take in Helm's release Secret."""
    return len(zlib.compress(manifests, 9))


def _exceeds(pieces: Iterable[bytes], level: int, ceiling: int) -> bool:
    """Return whether the packed pieces exceed a number of bytes; stop as soon as they do."""
    packing = zlib.compressobj(level)
    size = 0
    for piece in pieces:
        for start in range(0, len(piece), _PIECE):
            size += len(packing.compress(piece[start : start + _PIECE]))
            if size > ceiling:
                return True
    return size + len(packing.flush()) > ceiling


def check_cache(packages: Sequence[LocalPackage], size_limit: str, *, where: str) -> None:
    """Refuse a sizeLimit of the cache volume that the local packages alone exceed.

    Args:
        packages: The local packages.
        size_limit: A quantity, or "" for no limit.
        where: The volume, for error messages.

    Raises:
        DevcacheError: Kubernetes would evict the pod.
    """
    limit = quantities.in_bytes(size_limit)
    if limit is None:
        return
    raw = sum(package.package_yaml.size for package in packages)
    if raw + raw // 1000 + 64 * len(packages) <= limit:  # zlib's compressBound is less
        return
    size = cache_size(packages)
    if size > limit:
        problem = f"the packages take {size:,} bytes of the cache, but its sizeLimit is {limit:,}"
        raise DevcacheError(problem, where=where, hint=CACHE_HINT)


def cache_size(packages: Sequence[LocalPackage], cache: ResultCache = result_cache.NO_CACHE) -> int:
    """Return the bytes that the copier puts into Crossplane's cache: gzip -1.

    Args:
        packages: The local packages.
        cache: Results of earlier runs.
    """
    return sum(compression.gzip_size(package.package_yaml, cache) for package in packages)
