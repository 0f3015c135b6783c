"""The package objects and their settings, as extra objects of the upstream chart.

The filter adds the same objects. Helm creates them only if their CRDs are in the cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.release import objects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postrender.crossplane.target import Target
    from postrender.fields import Fields
    from postrender.manifests.nodes import Plain
    from postrender.placement import LocalPackage

_ACTION = "{{"
"""The beginning of an action of a template."""

_LITERAL_ACTION = "{{ `{{` }}"
"""The action that renders as this beginning. Its backticks need no escape in a YAML string."""


def of_packages(
    packages: Sequence[LocalPackage], target: Target, block: Fields
) -> list[dict[str, Plain]]:
    """Return the package objects and their settings.

    Args:
        packages: The packages.
        target: The Crossplane that they are for.
        block: The user's values of the upstream chart.
    """
    values = objects.of_release(packages, target, names_user=_names_user(block))
    return [_literal_fields(value) for value in values]


def _names_user(block: Fields) -> bool:
    """Return whether Crossplane's container has a user, as it does by default; see `of_release`."""
    container = block.under("securityContextCrossplane").values
    pod = block.under("podSecurityContextCrossplane").values
    return container.get("runAsUser", "default") is not None or pod.get("runAsUser") is not None


def literal(value: Plain) -> Plain:
    """Return a value that the chart's template of extra objects renders as this value."""
    if isinstance(value, str):
        return value.replace(_ACTION, _LITERAL_ACTION)
    if isinstance(value, list):
        return [literal(item) for item in value]
    return _literal_fields(value) if isinstance(value, dict) else value


def _literal_fields(fields: Mapping[str, Plain]) -> dict[str, Plain]:
    return {key.replace(_ACTION, _LITERAL_ACTION): literal(value) for key, value in fields.items()}
