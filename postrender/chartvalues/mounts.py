"""The ConfigMap with the packages, and the mount of each package into Crossplane's cache.

Kubelet mounts each file over the cache volume, where Crossplane finds it. The rest of the volume
stays writable. Kubelet never updates such a mount. Therefore the name of the ConfigMap depends on
the packages, and a changed package replaces the pod.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from postrender.chartvalues.users import VOLUME, VOLUME_MOUNTS, VOLUMES
from postrender.payload import compression, external
from postrender.payload.contents import Contents

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.chartvalues.users import Lists
    from postrender.crossplane.target import Target
    from postrender.manifests.nodes import Plain
    from postrender.placement import LocalPackage


def contents(packages: Iterable[LocalPackage]) -> Contents:
    """Return the contents of the ConfigMap: the files of the cache, as Crossplane reads them."""
    files = {package.cache_key: compression.gzipped(package.package_yaml) for package in packages}
    return Contents({}, files)


def config_map(packages: Iterable[LocalPackage], files: Contents) -> dict[str, Plain]:
    """Return the ConfigMap, whose labels keep a filter of the same release from replacing it.

    Flux refuses a ConfigMap without a namespace. The namespace is a template, because the chart
    renders extra objects as templates.

    Args:
        packages: The packages.
        files: Their files.
    """
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name(packages),
            "namespace": "{{ .Release.Namespace }}",
            "labels": {**external.LABELS},
        },
        "binaryData": files.fields["binaryData"],
    }


def name(packages: Iterable[LocalPackage]) -> str:
    """Return the name of the ConfigMap, which changes exactly when a package or its file changes.

    The name does not depend on the packed bytes, which differ between versions of zlib.
    """
    lines = (f"{package.content} {package.cache_key}\n" for package in packages)
    return f"{external.PREFIX}{hashlib.sha256(''.join(lines).encode()).hexdigest()[:16]}"


def lists(packages: Sequence[LocalPackage], target: Target) -> Lists:
    """Return the volume of the ConfigMap, and the mount of each package."""
    volume: Plain = {"name": VOLUME, "configMap": {"name": name(packages)}}
    mounts: list[Plain] = [
        {
            "name": VOLUME,
            "mountPath": f"{target.layout.cache_root}/{package.cache_key}",
            "subPath": package.cache_key,
            "readOnly": True,
        }
        for package in packages
    ]
    return {VOLUMES: [volume], VOLUME_MOUNTS: mounts}
