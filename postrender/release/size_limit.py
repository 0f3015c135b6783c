"""The sizeLimit of the cache volume: as the chart renders it, and with room for local packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender import labels, quantities
from postrender.errors import DevcacheError
from postrender.manifests import nodes
from postrender.payload import limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.declared.devcache import DevCache
    from postrender.manifests.stream import Document
    from postrender.placement import LocalPackage
    from postrender.release.deployment import Deployment

_PUSHED_ROOM = 32 * quantities.MEBIBYTE
"""Bytes for pushed packages: 1 MiB of xz, the most that a ConfigMap holds, is 10 MiB of gzip."""


class SizeLimits(NamedTuple):
    """The sizeLimit before and after the rewrite; "" means no limit, or no emptyDir.

    Attributes:
        rendered: The sizeLimit as the chart renders it.
        required: The sizeLimit after the rewrite.
    """

    rendered: str
    required: str


def size_limits(
    devcache: DevCache,
    deployment: Deployment,
    ours: Iterable[Document],
    packages: Sequence[LocalPackage],
) -> SizeLimits:
    """Return the sizeLimit of the cache volume as the chart renders it, and as it must be.

    Kubernetes evicts a pod that exceeds its sizeLimit. `auto` adds the unpacked sizes of the
    packages. They need less space than that, but the sum does not depend on the version of zlib. In
    live mode `auto` adds the sizes twice, because the content before a push stays until the next
    push, and adds room for pushed packages.

    Args:
        devcache: The declaration.
        deployment: The Deployment.
        ours: The documents of an earlier pass; their ConfigMap records the chart's sizeLimit.
        packages: The local packages.

    Raises:
        DevcacheError: The sizeLimit is too small for the packages, or the volume cannot have one.
    """
    rendered = deployment.size_limit
    if deployment.is_rewritten:  # a chart's limit is on record, unless it has none
        rendered = next(filter(None, map(_recorded, ours)), "")
    declared = devcache.size_limit
    if not deployment.has_empty_dir:
        if declared not in {"", "auto"}:
            problem = f"sizeLimit is {declared}, but its cache volume is not an emptyDir"
            hint = "leave cache.readWrite.sizeLimit at auto"
            raise DevcacheError(problem, where=deployment.title, hint=hint)
        return SizeLimits("", "")
    required = declared or rendered
    if declared == "auto":
        size = sum(package.package_yaml.size for package in packages)
        required = _raised(rendered, 2 * size + _PUSHED_ROOM if devcache.live else size)
    limits.check_cache(packages, required, where=deployment.title)
    return SizeLimits(rendered, required)


def _recorded(document: Document) -> str:
    return nodes.text(nodes.get(document.root, "metadata", "annotations", labels.SIZE_LIMIT))


def _raised(size_limit: str, size: int) -> str:
    present = quantities.in_bytes(size_limit)
    if present is None or not size:
        return size_limit
    return quantities.in_mebibytes(present + size)
