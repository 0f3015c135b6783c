"""Each package.yaml as xz: packed fast where that is small enough, else small."""

from __future__ import annotations

import lzma
import os
from typing import TYPE_CHECKING

from postrender import results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postrender.packages import PackageYaml
    from postrender.results import Results

_ROOM = 256 << 10
"""Bytes of all packages together, packed fast, below which smaller ones would gain nothing."""

_PACKS_AT_MOST = 100
"""How many times fast packing makes CRDs smaller, at most: it is not tried on what is too large."""

_DICTIONARY = 8 << 20
"""Bytes: the copier's memory limit has room for it."""

_STREAM = 26 << 20
"""Bytes of a package.yaml in one xz stream; several are packed at once, and unpack as one."""

_FAST = {"preset": 1, "mf": lzma.MF_HC4, "nice_len": 273, "depth": 48}
"""Options of LZMA2, found by trying: CRDs take a fifth of the time of xz -6, a fifth more room."""

_SMALL = {"preset": 6, "nice_len": 128, "depth": 16, "pb": 0}
"""Likewise: CRDs take four fifths of the time of xz -6, a little less room."""


def packed(contents: Sequence[PackageYaml], kept: Results = results.NOTHING_KEPT) -> list[bytes]:
    """Return each package.yaml as xz, with the check (CRC32) that every busybox knows.

    A function of the contents and the version of liblzma alone.

    Args:
        contents: All that share a ConfigMap.
        kept: Results of earlier runs.
    """
    if sum(one.size for one in contents) <= _ROOM * _PACKS_AT_MOST:
        all_fast = [fast(one, kept) for one in contents]
        if sum(map(len, all_fast)) <= _ROOM:
            return all_fast
    return [_packed(one, "small", kept) for one in contents]


def fast(one: PackageYaml, kept: Results = results.NOTHING_KEPT) -> bytes:
    """Return a package.yaml as xz, packed fast: for where there is room for any.

    Args:
        one: What is packed.
        kept: Results of earlier runs.
    """
    return _packed(one, "fast", kept)


def _packed(one: PackageYaml, effort: str, kept: Results) -> bytes:
    if one.size < results.WORTH_KEEPING:
        return _xz(one.content, effort)
    key = ("xz", effort, one.digest)
    found = kept.find(*key)
    if found is None:
        found = _xz(one.content, effort)
        kept.keep(found, *key)
    return found


def _xz(content: bytes, effort: str) -> bytes:
    # A dictionary larger than the content costs time, and makes nothing smaller.
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

    # Each takes 100 MB of memory, and one processor: liblzma runs without Python's lock.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        return b"".join(threads.map(stream, starts))
