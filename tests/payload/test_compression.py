"""Each package.yaml as xz: unpacking it, and its size."""

from __future__ import annotations

import lzma
import random
import subprocess
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from postrender.packages import PackageYaml
from postrender.payload import compression
from postrender.result_cache import ResultCache

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def package_yaml(size: int) -> PackageYaml:
    """Return text with a quarter of noise, equal in each run."""
    noise = random.Random(size)  # noqa: S311  # equal in each run
    line = "description: it is %08x\n"
    count = size // len(line % 0)
    return PackageYaml.of("".join(line % noise.getrandbits(32) for _ in range(count)).encode())


@pytest.mark.parametrize("size", [0, 100, 100_000, 1_000_000])
@pytest.mark.parametrize("stream", [30_000, 1 << 20])
@pytest.mark.linux
def test_busybox_unpacks_packed_content(
    size: int, stream: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Include several streams, as for large content."""
    monkeypatch.setattr(compression, "_SMALLEST_STREAM", stream // 2)
    monkeypatch.setattr(compression, "_LARGEST_STREAM", stream)
    content = package_yaml(size)
    (packed,) = compression.packed([content])
    run = subprocess.run(["busybox", "unxz"], input=packed, capture_output=True, check=True)
    assert run.stdout == lzma.decompress(packed) == content.content


def test_the_integrity_check_is_supported_by_every_busybox() -> None:
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    (packed,) = compression.packed([package_yaml(100)])
    unpacker.decompress(packed)
    assert unpacker.check == lzma.CHECK_CRC32


@pytest.mark.parametrize("room", [0, 1 << 20])
def test_packed_content_unpacks_in_the_memory_of_the_copier(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copier's limit is 64Mi by default. The dictionary needs most of the memory of unxz."""
    monkeypatch.setattr(compression, "_ROOM", room)
    content = PackageYaml.of(b"kind: A\n" * (9 << 17))  # more than the largest dictionary
    (packed,) = compression.packed([content])
    assert lzma.decompress(packed, memlimit=16 << 20) == content.content


def test_contents_that_are_too_large_together_are_packed_smaller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contents = [package_yaml(200_000), package_yaml(300_000)]
    alone = [compression.packed([content])[0] for content in contents]
    assert compression.packed(contents) == alone
    monkeypatch.setattr(compression, "_ROOM", sum(map(len, alone)) - 1)
    together = compression.packed(contents)
    assert [lzma.decompress(packed) for packed in together] == [
        content.content for content in contents
    ]
    assert all(len(small) < len(large) for small, large in zip(together, alone, strict=True))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda documents: documents[:50] + documents[51:], id="removed"),
        pytest.param(lambda documents: [*documents[:50], "a: new\n", *documents[50:]], id="added"),
        pytest.param(lambda documents: [documents[0] + "x: 1\n", *documents[1:]], id="the-first"),
    ],
)
def test_after_a_change_of_one_document_most_streams_stay(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[list[str]], list[str]],
) -> None:
    monkeypatch.setattr(compression, "_SMALLEST_STREAM", 1 << 17)
    monkeypatch.setattr(compression, "_LARGEST_STREAM", 1 << 18)
    documents = [f"name: {number}\n" + "text: abc\n" * 1000 for number in range(100)]
    cache = ResultCache(tmp_path)
    compression.fast(PackageYaml.of("---\n".join(documents).encode()), cache)
    changed = PackageYaml.of("---\n".join(change(documents)).encode())
    expected = compression.fast(changed)
    compress = Mock(side_effect=lzma.compress)
    monkeypatch.setattr(lzma, "compress", compress)
    assert compression.fast(changed, cache) == expected
    assert lzma.decompress(expected) == changed.content
    assert 1 <= compress.call_count <= 2


def test_content_without_documents_is_cut_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_SMALLEST_STREAM", 10)
    monkeypatch.setattr(compression, "_LARGEST_STREAM", 20)
    content = PackageYaml.of(b"a: b\n" * 100)
    assert lzma.decompress(compression.fast(content)) == content.content
