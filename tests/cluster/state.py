"""Where a cluster keeps its files, and the addresses that it uses."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.trouble import ClusterError

NUMBER = "CROSSPLANE_DEVCACHE_NODE"
"""Environment variable with the number of the node, by which several live on one machine."""

FOLDER = "CROSSPLANE_DEVCACHE_CLUSTER"
"""Environment variable that moves the folder that has one for each cluster."""

NUMBERS = range(64)
PERSON, SUITE = 0, 1
"""The numbers of a node for a person and of one for a test suite, unless they are told."""

NETWORK = "10.253.88"
"""Has the two ends of each node's cable, four addresses a node.

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
    """The place of one cluster: its files, all of which go when it goes, and its addresses."""

    root: Path
    number: int = PERSON

    @property
    def link(self) -> str:
        """The end of the cable to the node that is on this machine."""
        return f"devcache{self.number}"

    @property
    def gateway(self) -> str:
        """The address of this machine on that cable."""
        return f"{NETWORK}.{4 * self.number + 1}"

    @property
    def node(self) -> str:
        """The address of the node; it also serves DNS and, at port 5000, a registry."""
        return f"{NETWORK}.{4 * self.number + 2}"

    @property
    def registry(self) -> str:
        """Host and port of the registry."""
        return f"{self.node}:5000"

    @property
    def cgroup(self) -> str:
        """The name of the cgroup that the cgroups of its pods are in."""
        return f"crossplane-devcache{self.number}"

    @property
    def parts(self) -> tuple[Path, ...]:
        """All that a cluster has in its folder."""
        return (
            *(self.record, self.record.with_suffix(".new"), self.kubeconfig),
            *(self.keys, self.configuration, self.data, self.logs),
        )

    @property
    def record(self) -> Path:
        """What `cluster-down` must know: see `record`."""
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
    def volumes(self) -> Path:
        """Folders for pods."""
        return self.data / "volumes"

    @property
    def logs(self) -> Path:
        """What the components print: a file each."""
        return self.root / "logs"


def default() -> State:
    """Return the state of a person's cluster, beside the tools of `make`.

    Raises:
        ClusterError: The environment asks for a node that cannot be.
    """
    return _state(PERSON)


def suite() -> State:
    """Return the state of a test suite's cluster, which may run beside a person's.

    Raises:
        ClusterError: The environment asks for a node that cannot be.
    """
    return _state(SUITE)


def _state(usual: int) -> State:
    told = os.environ.get(NUMBER) or str(usual)
    if told not in map(str, NUMBERS):
        msg = f"{NUMBER} is {told!r}, but must be a number from 0 to {NUMBERS[-1]}"
        raise ClusterError(msg)
    number = int(told)
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = os.environ.get(FOLDER) or Path(caches, "crossplane-devcache")
    name = f"cluster-{number}" if number else "cluster"
    return State(Path(folder, name).absolute(), number)
