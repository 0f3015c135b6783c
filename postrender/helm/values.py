"""The values of a release in the layout of a chart: ours has those of upstream's under a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.declared.values import merge
from postrender.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postrender.manifests.nodes import Plain

_SWITCH = "enabled"
"""The value of our chart that switches the upstream chart off; upstream has no such value."""

_STRATEGY = "deploymentStrategy"

RECREATE = "Recreate"
"""The strategy of our chart: the old pod must not see the ImageConfigs of the new packages."""


def upstream(released: Mapping[str, Plain], declared: Mapping[str, Plain], *, ours: bool) -> Fields:
    """Return the values of the upstream chart: those of the release, and above them new ones.

    Args:
        released: The values of the release, or none.
        declared: The `crossplane` block of the declaration.
        ours: Whether the release is of our chart.
    """
    before = Fields(dict(released), "values", "the release")
    if ours:
        before = before.under("crossplane")
    values = merge(before.values, dict(declared))
    values = {key: value for key, value in values.items() if key != _SWITCH}
    return Fields({_STRATEGY: RECREATE, **values}, "crossplane", "the values")


def recreates(values: Fields) -> bool:
    """Return whether values of the upstream chart ask for the strategy `Recreate`."""
    return values.values.get(_STRATEGY) == RECREATE
