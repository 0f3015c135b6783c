"""The sizeLimit of the cache volume: the chart's, and the one with room for the local packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender import marks, quantities
from postrender.errors import DevcacheError
from postrender.manifests import nodes
from postrender.release import ceilings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.cache.placement import Placed
    from postrender.declared.devcache import DevCache
    from postrender.manifests.stream import Document
    from postrender.release.crossplane import Deployment


_PUSHED_ROOM = 32 * quantities.MEBIBYTE
"""Bytes for what pushes bring: 1 MiB of xz, all that a ConfigMap holds, is some 10 MiB of gzip."""


class SizeLimits(NamedTuple):
    """The sizeLimit before and after; "" means no limit, or no emptyDir.

    Attributes:
        charts: What the chart has.
        wanted: What the volume is to have.
    """

    charts: str
    wanted: str


def size_limits(
    devcache: DevCache,
    deployed: Deployment,
    ours: Iterable[Document],
    placed: Sequence[Placed],
) -> SizeLimits:
    """Return the cache volume's sizeLimit as the chart has it, and as it must be.

    Over its sizeLimit the pod is evicted. `auto` adds the packages' unpacked sizes: more than
    they take, but the same on each machine, whatever version of zlib it has. In live mode it adds
    them twice, because what a push replaces stays until the next one, and room for what is pushed.

    Args:
        devcache: The declaration.
        deployed: The Deployment.
        ours: What an earlier pass added; its ConfigMap remembers the chart's sizeLimit.
        placed: The local packages.

    Raises:
        DevcacheError: A sizeLimit is declared that the packages do not fit, or that the volume
            cannot have.
    """
    charts = deployed.size_limit
    if deployed.is_rewritten:
        charts = next(filter(None, map(_remembered, ours)), charts)
    wanted = devcache.size_limit
    if not deployed.has_empty_dir:
        if wanted not in {"", "auto"}:
            problem = f"sizeLimit is {wanted}, but its cache volume is no emptyDir"
            hint = "leave cache.readWrite.sizeLimit at auto"
            raise DevcacheError(problem, where=deployed.title, hint=hint)
        return SizeLimits("", "")
    if wanted == "auto":
        size = sum(one.package.package_yaml.size for one in placed)
        wanted = _raised(charts, 2 * size + _PUSHED_ROOM if devcache.live else size)
    wanted = wanted or charts
    ceilings.check_cache(placed, wanted, where=deployed.title)
    return SizeLimits(charts, wanted)


def _remembered(document: Document) -> str:
    return nodes.text(nodes.get(document.root, "metadata", "annotations", marks.SIZE_LIMIT))


def _raised(size_limit: str, size: int) -> str:
    present = quantities.in_bytes(size_limit)
    if present is None or not size:
        return size_limit
    return quantities.in_mebibytes(present + size)
