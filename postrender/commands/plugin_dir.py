"""`plugin-dir`: where the Helm 4 plugin is, for `helm plugin install` or HELM_PLUGINS."""

from __future__ import annotations

from pathlib import Path


def run() -> str:
    """Return the plugin's folder on a line."""
    return f"{Path(__file__).parents[1] / 'plugin' / 'crossplane-devcache'}\n"
