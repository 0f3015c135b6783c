"""The contents of the release's ConfigMap: packed packages, their index, the copier's script."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from postrender import result_cache
from postrender.errors import DevcacheError
from postrender.payload import compression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from postrender.fields import Fields
    from postrender.manifests.nodes import Plain
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache

SCRIPT = "copier.sh"
"""The key of the copier's script."""

INDEX = "index"
"""The key of the index of the packages that the release declares."""

PUSHED_INDEX = "pushed"
"""The key of the index of the packages that only a push added."""


class IndexEntry(NamedTuple):
    """A line of an index, which maps keys of a ConfigMap to a file in the cache.

    The path of a file may contain `/`, `:` and `@`; the key of a ConfigMap may not.

    Attributes:
        packed: The sha256 of the .xz, in hexadecimal digits.
        content: The sha256 of the package.yaml, in hexadecimal digits.
        keys: The keys that hold the .xz, or its parts in their order.
        file: The path in the cache, relative to its root.
    """

    packed: str
    content: str
    keys: tuple[str, ...]
    file: str

    @classmethod
    def of(cls, packed: bytes, content: str, keys: Iterable[str], file: str) -> IndexEntry:
        """Return the entry of a package that is packed as an .xz; see the attributes."""
        return cls(_sha256(packed), content, tuple(keys), file)

    @classmethod
    def parse(cls, line: str) -> IndexEntry | None:
        """Return the entry of a line, or None for a line that this program did not write."""
        match line.split():
            case [packed, content, keys, file]:
                return cls(packed, content, tuple(keys.split(",")), file)
            case _:
                return None

    @property
    def package(self) -> str:
        """The name of the package."""
        return self.keys[0].partition(".")[0]

    @property
    def line(self) -> str:
        """The line, with its line break."""
        return f"{self.packed} {self.content} {','.join(self.keys)} {self.file}\n"


class Contents(NamedTuple):
    """The contents of a ConfigMap.

    Attributes:
        data: Texts by key.
        binary: Bytes by key.
    """

    data: Mapping[str, str]
    binary: Mapping[str, bytes]

    @classmethod
    def of(cls, config_map: Fields) -> Contents:
        """Return the contents of a ConfigMap.

        Raises:
            DevcacheError: Its `binaryData` is not base64.
        """
        data, binary = config_map.under("data"), config_map.under("binaryData")
        try:
            decoded = {key: base64.b64decode(binary.text(key)) for key, _ in binary.entries()}
        except ValueError as error:
            problem = "its binaryData is not base64"
            raise DevcacheError(problem, where=config_map.where) from error
        return cls({key: data.text(key) for key, _ in data.entries()}, decoded)

    @property
    def size(self) -> int:
        """The bytes that Kubernetes counts (pkg/apis/core/validation, ValidateConfigMap)."""
        return sum(len(text.encode()) for text in self.data.values()) + sum(
            map(len, self.binary.values())
        )

    @property
    def fields(self) -> dict[str, Plain]:
        """The fields of the ConfigMap: `data` and, if there are bytes, `binaryData`."""
        encoded: dict[str, Plain] = {
            key: base64.b64encode(content).decode("ascii") for key, content in self.binary.items()
        }
        return {"data": dict(self.data)} | ({"binaryData": encoded} if encoded else {})

    def entries(self, index: str) -> dict[str, IndexEntry]:
        """Return the entries of an index by package: `INDEX` or `PUSHED_INDEX`."""
        lines = self.data.get(index, "").splitlines()
        return {entry.package: entry for entry in map(IndexEntry.parse, lines) if entry}

    def with_text(self, key: str, text: str) -> Contents:
        """Return the contents with one more text."""
        return self._replace(data={**self.data, key: text})


def script() -> str:
    """Return the copier's script."""
    return Path(__file__).with_name("copier.sh").read_text(encoding="ascii")


def of_release(
    packages: Sequence[LocalPackage],
    parts: Mapping[str, Sequence[tuple[str, bytes]]] = MappingProxyType({}),
    cache: ResultCache = result_cache.NO_CACHE,
) -> Contents:
    """Return the contents of the release's ConfigMap.

    Args:
        packages: The local packages.
        parts: The parts of packages in other ConfigMaps, by the name of the package. A part is a
            key and its bytes.
        cache: Results of earlier runs.
    """
    inside = [package for package in packages if package.name not in parts]
    all_packed = compression.packed([package.package_yaml for package in inside], cache)
    binary = {
        package_key(package.name): packed
        for package, packed in zip(inside, all_packed, strict=True)
    }
    index = ""
    for package in packages:
        key = package_key(package.name)
        pieces = parts.get(package.name) or [(key, binary[key])]
        keys, packed = [key for key, _ in pieces], b"".join(piece for _, piece in pieces)
        index += IndexEntry.of(packed, package.content, keys, package.cache_key).line
    return Contents({SCRIPT: script(), INDEX: index}, binary)


def checksum(packages: Sequence[LocalPackage], release_revision: str = "") -> str:
    """Return a digest that changes exactly when a package, its file or the script changes.

    Packed bytes do not count, because they differ between versions of liblzma.

    Args:
        packages: The local packages.
        release_revision: In live mode a string unique to each revision of the release, else "". It
            also changes the digest: an upgrade reverts all pushes, and Crossplane reads its cache
            again in the new pod.
    """
    lines = [f"{package.content} {package.cache_key}\n" for package in packages]
    return _sha256("".join((*lines, script(), release_revision)).encode())


def package_key(name: str) -> str:
    """Return the key of a package's .xz; the copier gets the package's name from it."""
    return f"{name}.xz"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
