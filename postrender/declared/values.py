"""Loads values files of our chart, merged as in Helm, and the values for the upstream chart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from postrender.crossplane import versions
from postrender.declared import devcache, files, paths
from postrender.errors import DevcacheError
from postrender.fields import Fields
from postrender.manifests import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from postrender.manifests.nodes import Plain

WHERE = "the values"
"""Several values files, for error messages."""

CHART = "crossplane-devcache"
"""The key of our chart's values in those of an umbrella chart."""

_KEYS = ("crossplane", "devcache", "enabled", "global")
"""The valid keys in the chart's schema."""


_NO_VALUES = Fields({}, "crossplane", WHERE)


@dataclass(frozen=True)
class Upstream:
    """The values for the upstream chart; "" or () where its defaults apply.

    Attributes:
        block: All values; none with a DevCache document.
        version: The tag of Crossplane's image.
        size_limit: The sizeLimit of the package cache.
        claim: The PersistentVolumeClaim that replaces the emptyDir of the package cache.
        config_map: The ConfigMap that replaces the emptyDir of the package cache; it is read-only.
        packages: The references of the packages that Crossplane installs when it starts.
    """

    block: Fields = _NO_VALUES
    version: str = ""
    size_limit: str = ""
    claim: str = ""
    config_map: str = ""
    packages: tuple[str, ...] = ()


def load(values_files: Sequence[Path], *, relative_to_file: bool = False) -> Fields:
    """Return the values of our chart from all files; later files take precedence.

    As with Helm's `-f`, mappings are merged, and any other value is replaced (v4.2.4
    pkg/cli/values/options.go, MergeValues). A null stays, because it removes a default of our
    chart. The files may have the values of an umbrella chart. Then the values under our chart's key
    apply. If `crossplane.enabled` is false there, the umbrella chart's `crossplane` applies.

    Args:
        values_files: The files.
        relative_to_file: Whether a relative package path starts from the folder of the last file
            that sets it, and not from the working directory.

    Raises:
        DevcacheError: A file cannot be read, is not a YAML mapping, or not values of our chart.
    """
    where = files.title(values_files[0]) if len(values_files) == 1 else WHERE
    all_values = [
        (_read(files.text(path), files.title(path)), path.parent) for path in values_files
    ]
    return _merged(
        (
            _from_folder(values, folder) if relative_to_file else values
            for values, folder in all_values
        ),
        where=where,
    )


def of_text(text: str, *, where: str) -> Fields:
    """Return the values of our chart from the text of a file; see `load`.

    Args:
        text: The text.
        where: The file, for error messages.

    Raises:
        DevcacheError: The text is not a YAML mapping, or not values of our chart.
    """
    return _merged([_read(text, where)], where=where)


def _merged(all_values: Iterable[dict[str, Plain]], *, where: str) -> Fields:
    """Return the values of our chart from the values of files; see `load`."""
    merged = Fields(reduce(merge, all_values, {}), "values", where)
    if merged.values.get(CHART) is None:
        return merged.only(*_KEYS)
    subchart = merged.under(CHART, *_KEYS)
    if subchart.under("crossplane").flag("enabled", default=True):
        return subchart
    crossplane = merged.values.get("crossplane")
    return subchart._replace(values={**subchart.values, "crossplane": crossplane})


def _from_folder(values: dict[str, Plain], folder: Path) -> dict[str, Plain]:
    """Return values of our chart or of an umbrella chart; see `paths.from_folder`."""
    result = dict(values)
    if isinstance(block := values.get("devcache"), dict):
        result["devcache"] = paths.from_folder(block, folder)
    if isinstance(subchart := values.get(CHART), dict):
        result[CHART] = _from_folder(subchart, folder)
    return result


def _read(text: str, where: str) -> dict[str, Plain]:
    fields = Fields.of(nodes.plain(text, where=where), path="values", where=where)
    if fields.values.get("kind") == devcache.KIND:
        problem = "is a DevCache document, not values of our chart"
        raise DevcacheError(problem, where=where, hint="pass it with --config")
    return fields.values


def merge(below: dict[str, Plain], above: dict[str, Plain]) -> dict[str, Plain]:
    """Return values with other values above them; see `load`."""
    merged = dict(below)
    for key, value in above.items():
        lower = merged.get(key)
        if isinstance(lower, dict) and isinstance(value, dict):
            merged[key] = merge(lower, value)
        else:
            merged[key] = value
    return merged


def upstream(values: Fields) -> Upstream:
    """Return the values for the upstream chart from the values of our chart.

    Raises:
        DevcacheError: A field has the wrong type.
    """
    crossplane = values.under("crossplane")
    cache = crossplane.under("packageCache")
    kinds = ("configuration", "provider", "function")
    return Upstream(
        block=crossplane,
        version=_image_tag(crossplane.under("image")),
        size_limit=cache.text("sizeLimit"),
        claim=cache.text("pvc"),
        config_map=cache.text("configMap"),
        packages=tuple(
            reference for kind in kinds for reference in crossplane.under(kind).texts("packages")
        ),
    )


def _image_tag(image: Fields) -> str:
    """Return the tag of Crossplane's image, or "" for that of the chart.

    The chart of 2.0 and later has `ignoreTag`: the image is then `repository`, which may contain a
    tag (cluster/charts/crossplane/templates/deployment.yaml).
    """
    repository = image.text("repository")
    is_ignored = image.flag("ignoreTag", default=False)
    return versions.tag(repository if is_ignored else f"{repository}:{image.text('tag')}")
