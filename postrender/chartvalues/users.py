"""The user's values of the upstream chart: their lists, which Helm would replace, and conflicts."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from postrender.declared.values import merge
from postrender.errors import DevcacheError
from postrender.helm.values import RECREATE
from postrender.manifests import emit, stream
from postrender.release import conflicts, imageconfigs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postrender.crossplane.target import Target
    from postrender.declared.devcache import DevCache
    from postrender.fields import Fields
    from postrender.manifests.nodes import Plain
    from postrender.manifests.stream import Document
    from postrender.placement import LocalPackage

Keys = tuple[str, ...]
"""The keys that lead to a value."""

Lists = dict[Keys, list["Plain"]]
"""Lists of the chart's values, by their paths."""

EXTRA_OBJECTS: Keys = ("extraObjects",)
VOLUMES: Keys = ("extraVolumesCrossplane",)
VOLUME_MOUNTS: Keys = ("extraVolumeMountsCrossplane",)

VOLUME = "devcache-packages"
"""The name of our volume. The volume of the filter has another name."""

_STRATEGY = "deploymentStrategy"


def with_entries(block: Fields, lists: Lists) -> Lists:
    """Return lists with the user's entries before ours.

    Raises:
        DevcacheError: A value of the user is not a list.
    """
    return {path: [*_entries(block, path), *entries] for path, entries in lists.items()}


def settings(
    block: Fields, declared: DevCache, packages: Sequence[LocalPackage]
) -> dict[Keys, Plain]:
    """Return the values that are no lists: the strategy, and the size limit of the cache volume.

    With another strategy than `Recreate`, the old pod asks a registry for a changed package, before
    the new pod has the package in its cache. Mounted files do not count for the size of the volume,
    so only a declared size limit sets it.
    """
    values: dict[Keys, Plain] = {}
    if packages and _STRATEGY not in block.values:
        values[_STRATEGY,] = RECREATE
    if declared.size_limit not in {"", "auto"}:
        values["packageCache", "sizeLimit"] = declared.size_limit
    return values


def nested(values: Mapping[Keys, Plain]) -> dict[str, Plain]:
    """Return values by path as nested mappings, in their order."""
    return reduce(merge, (_nested(path, value) for path, value in values.items()), {})


def _nested(path: Keys, value: Plain) -> dict[str, Plain]:
    first, *rest = path
    return {first: _nested(tuple(rest), value) if rest else value}


def require_no_conflict(
    block: Fields,
    added: Sequence[dict[str, Plain]],
    packages: Sequence[LocalPackage],
    target: Target,
) -> None:
    """Refuse the user's extra objects and volumes that conflict with ours.

    `check` compares the package lists of both. In an object of the user, a field that is a template
    is compared as text.

    Raises:
        DevcacheError: The first conflict.
    """
    for value in _entries(block, VOLUMES):
        if isinstance(value, dict) and value.get("name") == VOLUME:
            problem = f"it has a volume {VOLUME}, too"
            hint = "rename that volume"
            raise DevcacheError(problem, where=f"{block.path}.{VOLUMES[0]}", hint=hint)
    others = _objects(block)
    conflicts.check(added, packages, (), others)
    # No Crossplane that values are for verifies a package in its cache.
    for refusal in imageconfigs.refusals(packages, target, others, verifies_signatures=False):
        raise refusal


def _objects(block: Fields) -> tuple[Document, ...]:
    """Return the user's extra objects as documents."""
    objects = (value for value in _entries(block, EXTRA_OBJECTS) if isinstance(value, dict))
    return stream.split("".join(map(emit.document, objects)).encode())


def _entries(block: Fields, path: Keys) -> list[Plain]:
    """Return the entries of a list of the user. The chart's default is an empty mapping or list."""
    *keys, last = path
    for key in keys:
        block = block.under(key)
    value = block.values.get(last)
    if not value:
        return []
    if not isinstance(value, list):
        raise block.refusal(last, "is not a list", hint="write each entry after a hyphen")
    return value
