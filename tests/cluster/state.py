"""Where a cluster keeps its files, and the addresses that it uses."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "CROSSPLANE_DEVCACHE_CLUSTER"
"""Environment variable that moves the folder of the cluster."""

LINK = "devcache0"
"""The end of the cable to the node that is on this machine."""

CABLE_END = Path("/sys/class/net", LINK)

GATEWAY = "10.253.88.1"
"""This machine, on that cable."""

NODE = "10.253.88.2"
"""The node; it also serves DNS and, at port 5000, a registry.

Crossplane and its CLI speak plain http to a registry at a private address (RFC 1918).
"""

CABLE = 30
"""Bits of an address that the two ends have in common."""

PODS = "10.88.0.0/16"
SERVICES = "10.96.0.0/16"
KUBERNETES_SERVICE = "10.96.0.1"
"""The first address of SERVICES, which the API server takes for itself."""

DNS_SERVICE = "10.96.0.10"

NODE_NAME = "devcache"


@dataclass(frozen=True)
class State:
    """The files of one cluster, all of which go when it goes."""

    root: Path

    @property
    def parts(self) -> tuple[Path, ...]:
        """All that a cluster has in its folder."""
        return (
            *(self.record, self.kubeconfig),
            *(self.keys, self.configuration, self.data, self.logs),
        )

    @property
    def record(self) -> Path:
        """What `cluster-down` must know: see `namespaces`."""
        return self.root / "record.json"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.root / "kubeconfig"

    @property
    def keys(self) -> Path:
        """Certificates, their keys, and the kubeconfigs of the components."""
        return self.root / "keys"

    @property
    def configuration(self) -> Path:
        """Configuration files of the components."""
        return self.root / "configuration"

    @property
    def data(self) -> Path:
        """What the components write: a folder each."""
        return self.root / "data"

    @property
    def logs(self) -> Path:
        """What the components print: a file each."""
        return self.root / "logs"


def default() -> State:
    """Return the state at `$CROSSPLANE_DEVCACHE_CLUSTER`, or beside the tools of `make`."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return State(Path(chosen).absolute())
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return State(Path(caches, "crossplane-devcache", "cluster"))
