"""`plugin-dir`: the folder of the Helm 4 plugin, for `helm plugin install` or HELM_PLUGINS."""

from __future__ import annotations

import os
from pathlib import Path

from postrender.interface import arguments
from postrender.interface.command import Command


def run() -> list[bytes]:
    """Return the plugin's folder, with a line break."""
    return [os.fsencode(Path(__file__).parents[1] / "plugin" / "crossplane-devcache"), b"\n"]


COMMAND = Command(
    help="print the folder of the Helm 4 plugin",
    example="plugin-dir",
    arguments=arguments.none,
    run=run,
)
