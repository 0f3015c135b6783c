"""The ConfigMaps beside the release: packed packages, in parts that each fit one.

A name says what is in it, so they never change: one is there or it is not, two releases may share
one, and a rollback finds what it had.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, NamedTuple

from postrender import marks, results
from postrender.release import ceilings, packing, payload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.cache.placement import Placed
    from postrender.manifests.nodes import Plain
    from postrender.packages.package import PackageYaml
    from postrender.results import Results

PREFIX = "crossplane-devcache-"
"""What the names begin with, whatever the Deployment is called."""

LARGEST = ceilings.CONFIG_MAP
"""Bytes of a part. etcd takes 1.5 MiB with what stands beside them, and it stores no base64."""


class Part(NamedTuple):
    """A packed package, or a part of one that is larger.

    Attributes:
        key: The file that the copier finds it in.
        content: Its bytes.
    """

    key: str
    content: bytes

    @property
    def config_map(self) -> str:
        """The name of the ConfigMap that brings it: 16 hex digits of its sha256, the key's too.

        Of the packed bytes, which differ with the version of liblzma: no two of those may meet
        under one name, as an immutable ConfigMap cannot take the other ones.
        """
        digest = hashlib.sha256(self.key.encode() + b"\0" + self.content).hexdigest()
        return f"{PREFIX}{digest[:16]}"


Parts = dict[str, tuple[Part, ...]]
"""The parts of packages, in their order, by the name of the package."""


def parts_of(placed: Iterable[Placed], kept: Results = results.NOTHING_KEPT) -> Parts:
    """Return the parts of placed packages."""
    return {one.name: split(one.name, one.package.package_yaml, kept) for one in placed}


def config_maps(parts: Parts) -> tuple[str, ...]:
    """Return the names of the ConfigMaps that bring these parts."""
    return tuple(part.config_map for each in parts.values() for part in each)


def split(
    name: str, package_yaml: PackageYaml, kept: Results = results.NOTHING_KEPT
) -> tuple[Part, ...]:
    """Return a package in as few parts as it fits, packed fast, whatever else is declared.

    Args:
        name: The name of the package object.
        package_yaml: What is packed.
        kept: Results of earlier runs.
    """
    packed = packing.fast(package_yaml, kept)
    key = payload.file(name)
    if len(packed) <= LARGEST:
        return (Part(key, packed),)
    pieces = [packed[at : at + LARGEST] for at in range(0, len(packed), LARGEST)]
    return tuple(Part(f"{key}.{number}", piece) for number, piece in enumerate(pieces, start=1))


def config_map(part: Part, namespace: str) -> dict[str, Plain]:
    """Return the ConfigMap that brings a part.

    Args:
        part: The part.
        namespace: Its namespace, or "" for that of whoever applies it.
    """
    metadata: dict[str, Plain] = {
        "name": part.config_map,
        "labels": {marks.PART_OF: marks.OWNER, marks.COMPONENT: marks.PAYLOAD},
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
