"""Values files of our chart, merged as Helm merges them, and what they say of Crossplane."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from postrender.declared import files
from postrender.fields import Fields
from postrender.manifests import nodes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.manifests.nodes import Plain

WHERE = "the values"
"""What error messages call several values files."""


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
    """Return the values of all files, the last one first to count.

    Mappings are merged, everything else is replaced, as Helm's `-f` does (v4.2.4
    pkg/cli/values/options.go, MergeValues). A null stays: for our chart it removes.

    Raises:
        DevcacheError: A file cannot be read, or is no YAML mapping.
    """
    read = [_read(path) for path in paths]
    where = files.shown(paths[0]) if len(paths) == 1 else WHERE
    return Fields(reduce(_merged, (one.values for one in read), {}), "values", where)


def _read(path: Path) -> Fields:
    where = files.shown(path)
    return Fields.of(nodes.plain(files.text(path), where=where), path="values", where=where)


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
