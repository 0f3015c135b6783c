"""Each package.yaml as xz: what unpacks it, and what decides how small it is packed."""

from __future__ import annotations

import lzma
import random
import subprocess

import pytest

from postrender.packages import PackageYaml
from postrender.payload import compression


def package_yaml(size: int) -> PackageYaml:
    """Return text of which a quarter is noise, and the same each time."""
    noise = random.Random(size)  # noqa: S311  # the same each time
    line = "description: it is %08x\n"
    count = size // len(line % 0)
    return PackageYaml.of("".join(line % noise.getrandbits(32) for _ in range(count)).encode())


@pytest.mark.parametrize("size", [0, 100, 100_000, 1_000_000])
@pytest.mark.parametrize("stream", [30_000, 1 << 20])
@pytest.mark.linux
def test_busybox_unpacks_it(size: int, stream: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it is several streams, as a large one is."""
    monkeypatch.setattr(compression, "_STREAM", stream)
    content = package_yaml(size)
    (packed,) = compression.packed([content])
    run = subprocess.run(["busybox", "unxz"], input=packed, capture_output=True, check=True)
    assert run.stdout == lzma.decompress(packed) == content.content


def test_its_check_is_the_one_that_every_busybox_knows() -> None:
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    (packed,) = compression.packed([package_yaml(100)])
    unpacker.decompress(packed)
    assert unpacker.check == lzma.CHECK_CRC32


@pytest.mark.parametrize("room", [0, 1 << 20])
def test_it_unpacks_in_the_memory_that_the_copier_has(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its limit is 64Mi by default; the dictionary is most of what unxz takes."""
    monkeypatch.setattr(compression, "_ROOM", room)
    content = PackageYaml.of(b"kind: A\n" * (9 << 17))  # more than the largest dictionary
    (packed,) = compression.packed([content])
    assert lzma.decompress(packed, memlimit=16 << 20) == content.content


def test_all_are_packed_smaller_when_together_they_are_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contents = [package_yaml(200_000), package_yaml(300_000)]
    alone = [compression.packed([one])[0] for one in contents]
    assert compression.packed(contents) == alone
    monkeypatch.setattr(compression, "_ROOM", sum(map(len, alone)) - 1)
    together = compression.packed(contents)
    assert [lzma.decompress(one) for one in together] == [one.content for one in contents]
    assert all(len(one) < len(other) for one, other in zip(together, alone, strict=True))
