"""A digest of the changes that the filter makes for a declaration, the same on each machine."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from postrender import result_cache
from postrender.manifests import emit
from postrender.manifests.stream import Document
from postrender.payload import contents, external
from postrender.payload.contents import Contents, IndexEntry
from postrender.release import chart, render

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.crossplane.target import Target
    from postrender.declared.devcache import DevCache
    from postrender.manifests.nodes import Plain
    from postrender.result_cache import ResultCache

_PARTS = re.compile(rf"{external.PREFIX}[0-9a-f]{{16}}\b")
"""The names of ConfigMaps outside the release: digests of packed bytes."""

_USER = 65532
"""Crossplane's user in the upstream chart."""


class CacheVolume(NamedTuple):
    """The values of the upstream chart for the package cache.

    Attributes:
        size_limit: The sizeLimit of the emptyDir, or "" for that of the chart.
        claim: The PersistentVolumeClaim that replaces the emptyDir, or "".
    """

    size_limit: str = ""
    claim: str = ""


def of_declaration(
    declared: DevCache,
    target: Target,
    volume: CacheVolume,
    folder: Path,
    cache: ResultCache = result_cache.NO_CACHE,
) -> str:
    """Return a digest that changes exactly when the output of the filter changes.

    It is the digest of the output for a small Deployment. It does not depend on packed bytes, which
    differ between versions of liblzma, or on the release revision, which differs between upgrades.

    Args:
        declared: The declaration.
        target: The Crossplane that it is for.
        volume: The package cache.
        folder: The folder that relative package paths start from.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: The filter refuses the declaration.
    """
    declared = declared._replace(crossplane_version=str(target.version), release_revision="")
    manifest = emit.document(_deployment(declared, target, volume)).encode()
    modified = render.modify([Document(manifest, 1)], declared, folder, cache)
    assert modified is not None  # noqa: S101  # there is a declaration
    config_map, *others = modified.added
    texts = [_PARTS.sub(external.PREFIX, document.text) for document in modified.documents]
    output = json.dumps([*texts, _portable(config_map), *others])
    return f"sha256:{hashlib.sha256(output.encode()).hexdigest()}"


def _deployment(declared: DevCache, target: Target, volume: CacheVolume) -> dict[str, Plain]:
    """Return a Deployment with the fields that the filter reads in the Deployment of the chart."""
    name = declared.cache_volume
    source: dict[str, Plain] = {"emptyDir": {"sizeLimit": volume.size_limit or chart.SIZE_LIMIT}}
    if volume.claim:
        source = {"persistentVolumeClaim": {"claimName": volume.claim}}
    container: dict[str, Plain] = {
        "name": "crossplane",
        "args": ["core", "start"],
        "securityContext": {"runAsUser": _USER, "runAsGroup": _USER},
        "volumeMounts": [{"name": name, "mountPath": target.layout.cache_root}],
    }
    pod: dict[str, Plain] = {"containers": [container], "volumes": [{"name": name, **source}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "crossplane"},
        "spec": {"template": {"spec": pod}},
    }


def _portable(config_map: dict[str, Plain]) -> Plain:
    """Return the texts of the release's ConfigMap, without the digests of packed bytes."""
    data = config_map["data"]
    assert isinstance(data, dict)  # noqa: S101  # by `objects.config_map`
    entries = Contents(data, {}).entries(contents.INDEX).values()
    index = [IndexEntry("", entry.content, entry.keys, entry.file).line for entry in entries]
    return {**config_map, "data": {**data, contents.INDEX: index}, "binaryData": None}
