"""Values files of our chart, merged as Helm merges them, and what they say of Crossplane."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from postrender.declared import devcache, files
from postrender.errors import DevcacheError
from postrender.fields import Fields
from postrender.manifests import nodes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.manifests.nodes import Plain

WHERE = "the values"
"""What error messages call several values files."""

CHART = "crossplane-devcache"
"""The key of our chart's values in those of an umbrella chart."""

_KNOWN = ("crossplane", "devcache", "enabled", "global")
"""The keys that the chart's schema admits."""


@dataclass(frozen=True)
class Upstream:
    """What values say of the upstream chart; "" and nothing for its defaults.

    Attributes:
        version: The tag of Crossplane's image.
        size_limit: The sizeLimit of the package cache.
        claim: The PersistentVolumeClaim that is the package cache instead of an emptyDir.
        config_map: The ConfigMap that is the package cache, which makes it read-only.
        listed: The references of the packages that Crossplane installs as it starts.
    """

    version: str = ""
    size_limit: str = ""
    claim: str = ""
    config_map: str = ""
    listed: tuple[str, ...] = ()


def load(paths: Sequence[Path]) -> Fields:
    """Return the values of our chart from all files, the last one first to count.

    Mappings are merged, everything else is replaced, as Helm's `-f` does (v4.2.4
    pkg/cli/values/options.go, MergeValues). A null stays: for our chart it removes. Of the values
    of an umbrella chart those of our chart count, with those of Crossplane beside it.

    Raises:
        DevcacheError: A file cannot be read, is no YAML mapping, or no values of our chart.
    """
    read = [_read(path) for path in paths]
    where = files.shown(paths[0]) if len(paths) == 1 else WHERE
    merged = Fields(reduce(_merged, (one.values for one in read), {}), "values", where)
    if merged.values.get(CHART) is None:
        return merged.only(*_KNOWN)
    ours = merged.under(CHART, *_KNOWN)
    if ours.under("crossplane").flag("enabled", default=True):
        return ours
    return ours._replace(values={**ours.values, "crossplane": merged.values.get("crossplane")})


def _read(path: Path) -> Fields:
    where = files.shown(path)
    found = Fields.of(nodes.plain(files.text(path), where=where), path="values", where=where)
    if found.values.get("kind") == devcache.KIND:
        problem = "is a DevCache document, and no values of our chart"
        raise DevcacheError(problem, where=where, hint="give it by --config")
    return found


def _merged(below: dict[str, Plain], above: dict[str, Plain]) -> dict[str, Plain]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = _merged(old, value) if both else value  # type: ignore[arg-type]  # see both
    return merged


def upstream(values: Fields) -> Upstream:
    """Return what values of our chart say of the upstream chart.

    Raises:
        DevcacheError: A field has the wrong type.
    """
    crossplane = values.under("crossplane")
    cache = crossplane.under("packageCache")
    kinds = ("configuration", "provider", "function")
    return Upstream(
        version=crossplane.under("image").text("tag"),
        size_limit=cache.text("sizeLimit"),
        claim=cache.text("pvc"),
        config_map=cache.text("configMap"),
        listed=tuple(one for kind in kinds for one in crossplane.under(kind).texts("packages")),
    )
