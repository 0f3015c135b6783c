"""What the copier gets in the release's ConfigMap: packed packages, index, script and checksum."""

from __future__ import annotations

import base64
import hashlib
import lzma
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postrender.cache.placement import Placed
    from postrender.manifests.nodes import Plain
    from postrender.release.apart import Part

SCRIPT = "copier.sh"
"""The key of the copier's script in the ConfigMap."""

INDEX = "index"
"""The key of the list of what belongs where."""

_PRESET = 6
"""xz's own default, with a dictionary of 8 MiB: the copier's memory limit has room for it."""


def script() -> str:
    """Return the copier's script."""
    return Path(__file__).with_name("copier.sh").read_text(encoding="ascii")


def pack(package_yaml: bytes) -> bytes:
    """Return a package.yaml as xz, with the check (CRC32) that every busybox knows."""
    return lzma.compress(package_yaml, check=lzma.CHECK_CRC32, preset=_PRESET)


def checksum(placed: Sequence[Placed]) -> str:
    """Return what changes when a package, its place or the script does, and only then.

    Nothing packed goes in: versions of liblzma differ in the bytes that they write.
    """
    lines = [f"{_content_sum(one)} {one.cache_key}\n" for one in placed]
    return _sha256("".join((*lines, script())).encode())


def contents(
    placed: Sequence[Placed], apart: Mapping[str, Sequence[Part]] = MappingProxyType({})
) -> dict[str, Plain]:
    """Return `data` and, with the packages in it, `binaryData` of the release's ConfigMap.

    A cache key may hold `/`, `:` and `@`, which no key of a ConfigMap may; the index leads from
    one to the other. Its lines: sha256 of the .xz, sha256 of the package.yaml, key in the
    ConfigMap, path in the cache. An .xz in several parts has their keys, with commas between.

    Args:
        placed: The local packages.
        apart: The parts of those that other ConfigMaps bring, by the name of the package.
    """
    index: list[str] = []
    binary: dict[str, Plain] = {}
    for one in placed:
        parts = apart.get(one.name, ())
        if parts:
            packed = b"".join(part.content for part in parts)
            keys = ",".join(part.key for part in parts)
        else:
            packed, keys = pack(one.package.package_yaml), file(one.name)
            binary[keys] = base64.b64encode(packed).decode("ascii")
        index.append(f"{_sha256(packed)} {_content_sum(one)} {keys} {one.cache_key}\n")
    data: dict[str, Plain] = {SCRIPT: script(), INDEX: "".join(index)}
    return {"data": data, "binaryData": binary} if binary else {"data": data}


def file(name: str) -> str:
    """Return the key of a package's .xz; the copier takes the package's name from it."""
    return f"{name}.xz"


def _content_sum(one: Placed) -> str:
    return one.package.content_digest.removeprefix("sha256:")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
