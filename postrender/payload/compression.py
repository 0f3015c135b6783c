"""Packs a package.yaml as xz: fast if the result is small enough, otherwise small.

It also computes the size of its gzip.
"""

from __future__ import annotations

import lzma
import os
import re
import zlib
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.packages.imagedigest import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from postrender.packages import PackageYaml
    from postrender.result_cache import ResultCache

_ROOM = 256 << 10
"""The total size in bytes up to which packages stay packed fast: smaller ones gain nothing."""

_LARGEST_RATIO = 100
"""The highest compression ratio of fast packing for CRDs: it is not tried for larger packages."""

_DICTIONARY = 8 << 20
"""The size of the dictionary in bytes, for which the copier's memory limit has room."""

_SMALLEST_STREAM, _LARGEST_STREAM = 8 << 20, 20 << 20
"""Bytes of a package.yaml in one xz stream; several are packed in parallel.

Twice as many streams would take a twentieth more bytes.
"""

_DOCUMENT = rb"\n---\n"
"""The beginning of a document, after the last line break of the document before."""

_HEAD = 4096
"""The first bytes of a document, which can select it for a cut. They contain its kind and name."""

_GZIP = 31
"""The `wbits` with which zlib writes gzip."""

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


def gzip_size(package_yaml: PackageYaml, cache: ResultCache = result_cache.NO_CACHE) -> int:
    """Return the size in bytes of a package.yaml in Crossplane's cache, which packs with gzip -1.

    Args:
        package_yaml: The content to pack.
        cache: Results of earlier runs.
    """

    def compute() -> bytes:
        packing = zlib.compressobj(1, wbits=_GZIP)
        return b"%d" % (len(packing.compress(package_yaml.content)) + len(packing.flush()))

    return int(_result(package_yaml, compute, "gzip-size", cache))


def gzipped(package_yaml: PackageYaml) -> bytes:
    """Return a package.yaml as gzip -9, as a file of Crossplane's cache.

    The result depends only on the content and on the version of zlib.

    Args:
        package_yaml: The content to pack.
    """
    packing = zlib.compressobj(9, wbits=_GZIP)  # its header has no time
    return packing.compress(package_yaml.content) + packing.flush()


def _packed(package_yaml: PackageYaml, effort: str, cache: ResultCache) -> bytes:
    def compute() -> bytes:
        return _xz(package_yaml.content, effort, cache)

    return _result(package_yaml, compute, f"xz-{effort}", cache)


def _result(
    package_yaml: PackageYaml, compute: Callable[[], bytes], name: str, cache: ResultCache
) -> bytes:
    """Return the result of this name of an earlier run for a package.yaml, or compute it."""
    if package_yaml.size < result_cache.SMALLEST:
        return compute()
    return cache.computed(compute, name, package_yaml.digest)


def _xz(content: bytes, effort: str, cache: ResultCache) -> bytes:
    streams = list(_streams(content))
    if len(streams) == 1:
        return _stream(content, effort)

    def packed_stream(stream: memoryview) -> bytes:
        return cache.computed(lambda: _stream(stream, effort), f"xz-{effort}", sha256(stream))

    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # only for large packages

    # Each stream needs 100 MB of memory and a processor: liblzma runs without Python's lock.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        return b"".join(threads.map(packed_stream, streams))


def _streams(content: bytes) -> Iterator[memoryview]:
    """Cut a package.yaml into the contents of its xz streams, which unpack as one.

    A large one is cut between two documents. Only the content after a cut selects it. So after a
    change of one document, the other streams stay the same, although their bytes have moved.
    """
    start = 0
    while len(content) - start > _LARGEST_STREAM:
        last = start + _LARGEST_STREAM
        first = start + _SMALLEST_STREAM
        documents = re.finditer(_DOCUMENT, memoryview(content)[first:last])
        ends = (first + document.start() + 1 for document in documents)
        end = min(ends, key=lambda end: zlib.crc32(content[end : end + _HEAD]), default=last)
        yield memoryview(content)[start:end]
        start = end
    yield memoryview(content)[start:]


def _stream(content: bytes | memoryview, effort: str) -> bytes:
    # A dictionary larger than the content takes time, and does not make the result smaller.
    dictionary = min(max(len(content), 4096), _DICTIONARY)
    options = _FAST if effort == "fast" else _SMALL
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": dictionary, **options}]
    return lzma.compress(content, check=lzma.CHECK_CRC32, filters=filters)
