"""Defines the files and the addresses of a cluster."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.trouble import ClusterError

NUMBER = "CROSSPLANE_DEVCACHE_NODE"
"""The environment variable with the number of the node, so that one machine can run several."""

FOLDER = "CROSSPLANE_DEVCACHE_CLUSTER"
"""The environment variable with the parent folder of the folders of all clusters."""

NUMBERS = range(64)
PERSON, SUITE = 0, 1
"""The default numbers of a person's node and of a test suite's node."""

NETWORK = "10.253.88"
"""The network of all cables, with four addresses per node.

Crossplane and its CLI speak plain HTTP to a registry at a private address (RFC 1918).
"""

CABLE = 30
"""The prefix length of the network of one cable."""

PODS = "10.88.0.0/16"
SERVICES = "10.96.0.0/16"
KUBERNETES_SERVICE = "10.96.0.1"
"""The first address of SERVICES, which the API server assigns to its own Service."""

DNS_SERVICE = "10.96.0.10"

NODE_NAME = "devcache"


@dataclass(frozen=True)
class State:
    """The place of one cluster: its addresses, and its files, which end with the cluster."""

    root: Path
    number: int = PERSON

    @property
    def link(self) -> str:
        """The network interface of this machine that leads to the node."""
        return f"devcache{self.number}"

    @property
    def gateway(self) -> str:
        """The address of this machine on the cable."""
        return f"{NETWORK}.{4 * self.number + 1}"

    @property
    def node(self) -> str:
        """The address of the node; it also serves DNS and, at port 5000, a registry."""
        return f"{NETWORK}.{4 * self.number + 2}"

    @property
    def registry(self) -> str:
        """The host and port of the registry."""
        return f"{self.node}:5000"

    @property
    def cgroup(self) -> str:
        """The name of the parent cgroup of the pods."""
        return f"crossplane-devcache{self.number}"

    @property
    def parts(self) -> tuple[Path, ...]:
        """All files and folders of a cluster in its folder."""
        return (
            *(self.record, self.record.with_suffix(".new"), self.kubeconfig),
            *(self.keys, self.configuration, self.data, self.logs),
        )

    @property
    def record(self) -> Path:
        """The file with the facts that are needed to stop the cluster; see the module `record`."""
        return self.root / "record.json"

    @property
    def kubeconfig(self) -> Path:
        """The path of the administrator's kubeconfig."""
        return self.root / "kubeconfig"

    @property
    def keys(self) -> Path:
        """The folder of the certificates, their keys, and the kubeconfigs of the components."""
        return self.root / "keys"

    @property
    def configuration(self) -> Path:
        """The folder of the configuration files of the components."""
        return self.root / "configuration"

    @property
    def data(self) -> Path:
        """The folder of the data of the components, with a folder for each."""
        return self.root / "data"

    @property
    def volumes(self) -> Path:
        """The parent of the folders for pods."""
        return self.data / "volumes"

    @property
    def logs(self) -> Path:
        """The folder of the output of the components, with a file for each."""
        return self.root / "logs"


def default() -> State:
    """Return the state of a person's cluster.

    Raises:
        ClusterError: The environment variable NUMBER has no valid number.
    """
    return _state(PERSON)


def suite() -> State:
    """Return the state of a test suite's cluster, which may run beside a person's cluster.

    Raises:
        ClusterError: The environment variable NUMBER has no valid number.
    """
    return _state(SUITE)


def _state(default_number: int) -> State:
    text = os.environ.get(NUMBER) or str(default_number)
    if text not in map(str, NUMBERS):
        msg = f"{NUMBER} is {text!r}, but must be a number from 0 to {NUMBERS[-1]}"
        raise ClusterError(msg)
    number = int(text)
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = os.environ.get(FOLDER) or Path(caches, "crossplane-devcache")
    name = f"cluster-{number}" if number else "cluster"
    return State(Path(folder, name).absolute(), number)
