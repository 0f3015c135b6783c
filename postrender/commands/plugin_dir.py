"""`plugin-dir`: the folder of the Helm 4 plugin, for `helm plugin install` or HELM_PLUGINS."""

from __future__ import annotations

from pathlib import Path

from postrender.interface import arguments
from postrender.interface.command import Command


def run() -> str:
    """Return the plugin's folder, with a line break."""
    return f"{Path(__file__).parents[1] / 'plugin' / 'crossplane-devcache'}\n"


COMMAND = Command(
    help="print the folder of the Helm 4 plugin",
    arguments=arguments.none,
    run=run,
)
