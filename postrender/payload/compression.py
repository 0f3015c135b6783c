"""Packs a package.yaml as xz: fast if the result is small enough, otherwise small."""

from __future__ import annotations

import lzma
import os
from typing import TYPE_CHECKING

from postrender import result_cache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postrender.packages import PackageYaml
    from postrender.result_cache import ResultCache

_ROOM = 256 << 10
"""The total size in bytes up to which packages stay packed fast: smaller ones gain nothing."""

_LARGEST_RATIO = 100
"""The highest compression ratio of fast packing for CRDs: it is not tried for larger packages."""

_DICTIONARY = 8 << 20
"""The size of the dictionary in bytes, for which the copier's memory limit has room."""

_STREAM = 26 << 20
"""Bytes of a package.yaml in one xz stream; several are packed in parallel, and unpack as one."""

_FAST = {"preset": 1, "mf": lzma.MF_HC4, "nice_len": 273, "depth": 48}
"""Options of LZMA2, by experiment: CRDs need a fifth of the time of xz -6, a fifth more bytes."""

_SMALL = {"preset": 6, "nice_len": 128, "depth": 16, "pb": 0}
"""By experiment, too: CRDs need four fifths of the time of xz -6, slightly fewer bytes."""


def packed(
    package_yamls: Sequence[PackageYaml], cache: ResultCache = result_cache.NO_CACHE
) -> list[bytes]:
    """Return each package.yaml as xz, with the check (CRC32) that every busybox knows.

    The result depends only on the contents and on the version of liblzma.

    Args:
        package_yamls: All packages that share a ConfigMap.
        cache: Results of earlier runs.
    """
    if sum(package_yaml.size for package_yaml in package_yamls) <= _ROOM * _LARGEST_RATIO:
        all_fast = [fast(package_yaml, cache) for package_yaml in package_yamls]
        if sum(map(len, all_fast)) <= _ROOM:
            return all_fast
    return [_packed(package_yaml, "small", cache) for package_yaml in package_yamls]


def fast(package_yaml: PackageYaml, cache: ResultCache = result_cache.NO_CACHE) -> bytes:
    """Return a package.yaml as xz, packed fast.

    Args:
        package_yaml: The content to pack.
        cache: Results of earlier runs.
    """
    return _packed(package_yaml, "fast", cache)


def _packed(package_yaml: PackageYaml, effort: str, cache: ResultCache) -> bytes:
    if package_yaml.size < result_cache.SMALLEST:
        return _xz(package_yaml.content, effort)
    key = ("xz", effort, package_yaml.digest)
    packed = cache.get(*key)
    if packed is None:
        packed = _xz(package_yaml.content, effort)
        cache.put(packed, *key)
    return packed


def _xz(content: bytes, effort: str) -> bytes:
    # A dictionary larger than the content takes time, and does not make the result smaller.
    dictionary = min(max(len(content), 4096), _DICTIONARY)
    options = _FAST if effort == "fast" else _SMALL
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": dictionary, **options}]

    def stream(start: int) -> bytes:
        part = memoryview(content)[start : start + _STREAM]
        return lzma.compress(part, check=lzma.CHECK_CRC32, filters=filters)

    starts = range(0, len(content), _STREAM)
    if len(starts) <= 1:
        return stream(0)
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # only for large packages

    # Each stream needs 100 MB of memory and a processor: liblzma runs without Python's lock.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        return b"".join(threads.map(stream, starts))
