"""What packages take of each ceiling, as far as can be told without Helm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender import quantities
from postrender.errors import DevcacheError
from postrender.manifests import emit
from postrender.release import apart, ceilings, chart, objects, payload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.cache.layouts import Layout
    from postrender.cache.placement import Placed
    from postrender.declared.devcache import DevCache
    from postrender.declared.values import Upstream
    from postrender.manifests.nodes import Plain

_CONFIG_MAP = "crossplane-devcache"


@dataclass(frozen=True)
class Size:
    """What is taken of a ceiling.

    Attributes:
        what: The ConfigMap, the Helm release or the cache volume.
        size: Bytes that the packages take; of the release also its other manifests, estimated.
        ceiling: Bytes that there are, or None when there is no limit.
    """

    what: str
    size: int
    ceiling: int | None


def measure(
    placed: Sequence[Placed], devcache: DevCache, upstream: Upstream, layout: Layout
) -> list[Size]:
    """Return what packages take of the ConfigMap, of the Helm release and of the cache volume."""
    parts = apart.parts_of(placed) if devcache.payload_apart else {}
    contents = payload.contents(placed, parts)
    release = ceilings.RELEASE - ceilings.RELEASE_MARGIN if devcache.limit_release else None
    return [
        Size("ConfigMap", ceilings.config_map_size(contents), ceilings.CONFIG_MAP),
        Size("Helm release", _release(placed, contents, layout), release),
        Size("cache volume", ceilings.cache_size(placed), _cache(placed, devcache, upstream)),
    ]


def _release(placed: Sequence[Placed], contents: dict[str, Plain], layout: Layout) -> int:
    added = [
        objects.config_map(_CONFIG_MAP, "", contents, ""),
        *objects.package_objects(placed, layout, installed_only=True),
    ]
    manifests = "".join(map(emit.document, added)).encode()
    return ceilings.release_size(manifests) + chart.MANIFESTS


def _cache(placed: Sequence[Placed], devcache: DevCache, upstream: Upstream) -> int | None:
    if upstream.claim:
        return None
    charts = quantities.in_bytes(upstream.size_limit or chart.SIZE_LIMIT)
    if devcache.size_limit != "auto":
        return quantities.in_bytes(devcache.size_limit) if devcache.size_limit else charts
    return (charts or 0) + sum(one.package.package_yaml.size for one in placed)


def refusals(sizes: Sequence[Size]) -> Iterator[DevcacheError]:
    """Yield the refusal of each ceiling that is exceeded."""
    hints = {
        "ConfigMap": "set payload: apart, or declare fewer packages",
        "Helm release": "set payload: apart;"
        " or limits.release=false if the release is not a Secret",
        "cache volume": "set cache.readWrite.sizeLimit to auto, or higher",
    }
    for one in sizes:
        if one.ceiling is not None and one.size > one.ceiling:
            problem = f"{one.size:,} bytes, and it holds {one.ceiling:,}"
            yield DevcacheError(problem, where=one.what, hint=hints[one.what])
