"""What the copier gets in the release's ConfigMap: packed packages, index, script and checksum."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from postrender import results
from postrender.release import packing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postrender.cache.placement import Placed
    from postrender.manifests.nodes import Plain
    from postrender.release.apart import Part
    from postrender.results import Results

SCRIPT = "copier.sh"
"""The key of the copier's script in the ConfigMap."""

INDEX = "index"
"""The key of the list of what belongs where."""

PUSHED_INDEX = "pushed"
"""The key of the same for packages that a push added; no release has it."""


def script() -> str:
    """Return the copier's script."""
    return Path(__file__).with_name("copier.sh").read_text(encoding="ascii")


def checksum(placed: Sequence[Placed], release_revision: str = "") -> str:
    """Return what changes when a package, its place or the script does, and only then.

    Nothing packed goes in: versions of liblzma differ in the bytes that they write.

    Args:
        placed: The local packages.
        release_revision: In live mode another text for each revision of the release, else "". The
            upgrade takes back what was pushed; a new pod makes Crossplane read it.
    """
    lines = [f"{content_sum(one)} {one.cache_key}\n" for one in placed]
    return _sha256("".join((*lines, script(), release_revision)).encode())


def contents(
    placed: Sequence[Placed],
    apart: Mapping[str, Sequence[Part]] = MappingProxyType({}),
    kept: Results = results.NOTHING_KEPT,
) -> dict[str, Plain]:
    """Return `data` and, with the packages in it, `binaryData` of the release's ConfigMap.

    A cache key may hold `/`, `:` and `@`, which no key of a ConfigMap may; the index leads from
    one to the other. Its lines: sha256 of the .xz, sha256 of the package.yaml, key in the
    ConfigMap, path in the cache. An .xz in several parts has their keys, with commas between.

    Args:
        placed: The local packages.
        apart: The parts of those that other ConfigMaps bring, by the name of the package.
        kept: Results of earlier runs.
    """
    inside = [one for one in placed if one.name not in apart]
    all_packed = packing.packed([one.package.package_yaml for one in inside], kept)
    packed = {one.name: content for one, content in zip(inside, all_packed, strict=True)}
    index: list[str] = []
    binary: dict[str, Plain] = {}
    for one in placed:
        if parts := apart.get(one.name):
            content = b"".join(part.content for part in parts)
            keys = ",".join(part.key for part in parts)
        else:
            content, keys = packed[one.name], file(one.name)
            binary[keys] = base64.b64encode(content).decode("ascii")
        index.append(index_line(content, content_sum(one), keys, one.cache_key))
    data: dict[str, Plain] = {SCRIPT: script(), INDEX: "".join(index)}
    return {"data": data, "binaryData": binary} if binary else {"data": data}


def file(name: str) -> str:
    """Return the key of a package's .xz; the copier takes the package's name from it."""
    return f"{name}.xz"


def index_line(packed: bytes, content: str, keys: str, cache_key: str) -> str:
    """Return the line of the index for a package.

    Args:
        packed: Its .xz.
        content: The sha256 of its package.yaml, in hexadecimal digits.
        keys: The keys that hold the .xz, with commas between.
        cache_key: Its path in the cache.
    """
    return f"{_sha256(packed)} {content} {keys} {cache_key}\n"


def content_sum(one: Placed) -> str:
    """Return the sha256 of a package's package.yaml, in hexadecimal digits."""
    return one.package.package_yaml.digest.removeprefix("sha256:")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
