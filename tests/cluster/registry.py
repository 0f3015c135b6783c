"""Configures the registry on the node."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cluster.state import State

CONFIGURATION = """\
version: 0.1
log:
  level: warn  # the access log stays
storage:
  filesystem:
    rootdirectory: {data}/registry
  delete:
    enabled: true
http:
  addr: {address}
"""


def command(state: State) -> list[str]:
    """Write the configuration of the registry and return its command."""
    file = state.configuration / "registry.yml"
    file.write_text(CONFIGURATION.format(data=state.data, address=state.registry))
    return ["docker-registry", "serve", str(file)]
