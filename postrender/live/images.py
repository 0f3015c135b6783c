"""Puts the embedded runtimes of packages into the nodes of a cluster, before a pod needs them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError
from postrender.live import kinds, loaders
from postrender.live.kinds import NODES
from postrender.packages import imagearchive

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.interface.progress import Tell
    from postrender.live.cluster import Cluster
    from postrender.placement import LocalPackage


class _Node(NamedTuple):
    """A node that can run pods."""

    name: str
    platform: str
    images: frozenset[str]


def load(cluster: Cluster, packages: Iterable[LocalPackage], tell: Tell) -> tuple[str, ...]:
    """Load the embedded runtimes that a node lacks, and return the names of the loaded images.

    Args:
        cluster: The cluster.
        packages: The packages. Those that do not run an embedded runtime are skipped.
        tell: Shows the current step.

    Raises:
        DevcacheError: A runtime is for a platform that no node has, no program can load it, or the
            program fails.
    """
    embedded = [package for package in packages if package.is_embedded]
    if not embedded:
        return ()
    nodes = _nodes(cluster)
    for package in embedded:
        _require_platform(package, nodes)
    missing = [
        package
        for package in embedded
        if not nodes or any(package.embedded_image not in node.images for node in nodes)
    ]
    if not missing:
        return ()
    program = loaders.of_context(cluster.context, cluster.loader, cluster.minikube_profile)
    for package in missing:
        tell(f"loading the image {package.embedded_image} into the nodes")
        _load(package, program)
    return tuple(package.embedded_image for package in missing)


def _load(package: LocalPackage, program: loaders.Loader) -> None:
    path, runtime = Path(package.declaration.path), package.on_disk.runtime
    assert runtime is not None  # noqa: S101  # the package is embedded
    command = f"crossplane-devcache image {shlex.quote(str(path))} --name {package.name}"
    with imagearchive.open_archive(path, package.embedded_image, runtime.digest) as archive:
        loaders.load(program, archive, archive_command=command)


def _nodes(cluster: Cluster) -> list[_Node]:
    """Return the nodes, with the images that kubelet reports: the 50 largest ones of a node."""
    result = []
    for node in cluster.select(NODES, {}):
        status = kinds.fields(node).under("status")
        info = status.under("nodeInfo")
        names = [
            name
            for image in kinds.items(status.values.get("images"))
            for name in image.texts("names")
        ]
        platform = f"{info.text('operatingSystem')}/{info.text('architecture')}"
        result.append(_Node(kinds.name(node), platform, frozenset(names)))
    return result


def _require_platform(package: LocalPackage, nodes: Sequence[_Node]) -> None:
    """Refuse a runtime that no node can run."""
    runtime = package.on_disk.runtime
    platform = "/".join(runtime.platform.split("/")[:2]) if runtime else ""
    platforms = sorted({node.platform for node in nodes})
    if not platform or not platforms or platform in platforms:
        return
    problem = f"its runtime is for {platform}, but the nodes are {', '.join(platforms)}"
    hint = f"build the image for {platforms[0]}, e.g. with GOARCH={platforms[0].split('/')[1]}"
    raise DevcacheError(problem, where=f"package {package.name}", hint=hint)
