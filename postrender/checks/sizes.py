"""Compares the sizes of packages with each limit, as far as that is possible without Helm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender import quantities
from postrender.errors import DevcacheError
from postrender.manifests import emit
from postrender.payload import contents, external, limits
from postrender.release import chart, objects

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.crossplane.target import Target
    from postrender.declared.devcache import DevCache
    from postrender.declared.values import Upstream
    from postrender.payload.contents import Contents
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache

_CONFIG_MAP = "crossplane-devcache"


@dataclass(frozen=True)
class Size:
    """The use of a limit.

    Attributes:
        subject: The ConfigMap, the Helm release or the cache volume.
        size: The size of the packages in bytes; for the release, it includes an estimate of the
            other manifests.
        limit: The limit in bytes, or None.
    """

    subject: str
    size: int
    limit: int | None


def measure(
    packages: Sequence[LocalPackage],
    devcache: DevCache,
    upstream: Upstream,
    target: Target,
    results: ResultCache,
) -> list[Size]:
    """Return the sizes of the ConfigMap, of the Helm release and of the cache volume."""
    parts = external.parts_of(packages, results) if devcache.payload_apart else {}
    config_map = contents.of_release(packages, parts, results)
    release = limits.RELEASE - limits.RELEASE_MARGIN if devcache.limit_release else None
    cache = _cache_limit(packages, devcache, upstream)
    return [
        Size("ConfigMap", config_map.size, limits.CONFIG_MAP),
        Size("Helm release", _release(packages, config_map, target), release),
        Size("cache volume", limits.cache_size(packages, results), cache),
    ]


def _release(packages: Sequence[LocalPackage], config_map: Contents, target: Target) -> int:
    added = [
        objects.config_map(_CONFIG_MAP, "", config_map, ""),
        *objects.of_release(packages, target),
    ]
    manifests = "".join(map(emit.document, added)).encode()
    return limits.release_size(manifests) + chart.MANIFESTS


def _cache_limit(
    packages: Sequence[LocalPackage], devcache: DevCache, upstream: Upstream
) -> int | None:
    if upstream.claim:
        return None
    chart_limit = quantities.in_bytes(upstream.size_limit or chart.SIZE_LIMIT)
    if devcache.size_limit != "auto":
        return quantities.in_bytes(devcache.size_limit) if devcache.size_limit else chart_limit
    return (chart_limit or 0) + sum(package.package_yaml.size for package in packages)


def refusals(sizes: Sequence[Size]) -> Iterator[DevcacheError]:
    """Yield a refusal for each size that exceeds its limit."""
    hints = {
        "ConfigMap": limits.CONFIG_MAP_HINT,
        "Helm release": limits.RELEASE_HINT,
        "cache volume": limits.CACHE_HINT,
    }
    for size in sizes:
        if size.limit is not None and size.size > size.limit:
            problem = f"{size.size:,} bytes exceed the limit of {size.limit:,}"
            yield DevcacheError(problem, where=size.subject, hint=hints[size.subject])
