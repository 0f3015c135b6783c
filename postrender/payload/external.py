"""The ConfigMaps beside the release: packed packages, in parts that each fit into a ConfigMap.

The name of such a ConfigMap has a digest of its content, so the content never changes. Two releases
may share a ConfigMap, and a rollback still finds its ConfigMaps.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, NamedTuple

from postrender import labels, result_cache
from postrender.payload import compression, limits
from postrender.payload.contents import package_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.manifests.nodes import Plain
    from postrender.packages.package import PackageYaml
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache

PREFIX = "crossplane-devcache-"
"""The prefix of the names; it does not depend on the name of the Deployment."""

LABELS: dict[str, Plain] = {labels.PART_OF: labels.OWNER, labels.COMPONENT: labels.PAYLOAD}
"""The labels of a ConfigMap that no run of the filter replaces."""

LARGEST = limits.CONFIG_MAP
"""The largest part in bytes. etcd accepts 1.5 MiB with the metadata, and stores no base64."""


class Part(NamedTuple):
    """A packed package, or a part of a larger one.

    Attributes:
        key: The key of the ConfigMap, and the file in which the copier finds the part.
        content: Its bytes.
    """

    key: str
    content: bytes

    @property
    def config_map(self) -> str:
        """The name of the ConfigMap: the prefix and 16 hexadecimal digits of a sha256.

        It is the sha256 of the key and the packed bytes, which depend on the version of liblzma. An
        immutable ConfigMap cannot get other bytes, so other bytes need another name.
        """
        digest = hashlib.sha256(self.key.encode() + b"\0" + self.content).hexdigest()
        return f"{PREFIX}{digest[:16]}"


Parts = dict[str, tuple[Part, ...]]
"""The parts of packages, in their order, by the name of the package."""


def parts_of(packages: Iterable[LocalPackage], cache: ResultCache = result_cache.NO_CACHE) -> Parts:
    """Return the parts of packages."""
    return {package.name: split(package.name, package.package_yaml, cache) for package in packages}


def config_maps(parts: Parts) -> tuple[str, ...]:
    """Return the names of the ConfigMaps that hold parts."""
    return tuple(part.config_map for of_package in parts.values() for part in of_package)


def split(
    name: str, package_yaml: PackageYaml, cache: ResultCache = result_cache.NO_CACHE
) -> tuple[Part, ...]:
    """Return a package, packed fast, in as few parts as possible.

    The result does not depend on other packages.

    Args:
        name: The name of the package object.
        package_yaml: The content to pack.
        cache: Results of earlier runs.
    """
    packed = compression.fast(package_yaml, cache)
    key = package_key(name)
    if len(packed) <= LARGEST:
        return (Part(key, packed),)
    pieces = [packed[start : start + LARGEST] for start in range(0, len(packed), LARGEST)]
    return tuple(Part(f"{key}.{number}", piece) for number, piece in enumerate(pieces, start=1))


def config_map(part: Part, namespace: str) -> dict[str, Plain]:
    """Return the ConfigMap of a part.

    Args:
        part: The part.
        namespace: The namespace of the ConfigMap, or "" for that of `kubectl apply`.
    """
    metadata: dict[str, Plain] = {
        "name": part.config_map,
        "labels": {**LABELS},
    }
    if namespace:
        metadata["namespace"] = namespace
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "immutable": True,
        "binaryData": {part.key: base64.b64encode(part.content).decode("ascii")},
    }
