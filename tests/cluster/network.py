"""Connects this machine and a node with a virtual cable, which the kernel removes with the node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import namespaces
from tests.cluster.state import CABLE, NUMBER
from tests.cluster.trouble import ClusterError

if TYPE_CHECKING:
    from tests.cluster.namespaces import Init
    from tests.cluster.state import State


def check(state: State) -> None:
    """Refuse addresses that another network interface uses.

    Raises:
        ClusterError: The addresses are in use.
    """
    command = ["ip", "-oneline", "route", "show", "to", "match", state.node]
    routes = namespaces.output(command)
    if conflicts := [route for route in routes.splitlines() if not route.startswith("default")]:
        msg = f"the addresses of node {state.number} are in use ({NUMBER} chooses another node): "
        raise ClusterError(msg + conflicts[0].strip())


def connect(state: State, init: Init) -> None:
    """Connect a node with this machine."""
    here = ["ip", "address", "add", f"{state.gateway}/{CABLE}", "dev", state.link]
    peer = ["type", "veth", "peer", "name", "eth0", "netns", str(init.pid)]
    namespaces.output(["ip", "link", "add", state.link, *peer])
    namespaces.output(here)
    namespaces.output(["ip", "link", "set", state.link, "up"])
    namespaces.run(init, "ip", "link", "set", "lo", "up")
    namespaces.run(init, "ip", "address", "add", f"{state.node}/{CABLE}", "dev", "eth0")
    namespaces.run(init, "ip", "link", "set", "eth0", "up")
    namespaces.run(init, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")


def exists(state: State) -> bool:
    """Return whether the cable exists."""
    return Path("/sys/class/net", state.link).exists()


def listens(init: Init, port: int) -> bool:
    """Return whether a program in the node accepts TCP connections at a port."""
    tables = [Path(f"/proc/{init.pid}/net/{name}") for name in ("tcp", "tcp6")]
    rows = [row.split() for table in tables if table.exists() for row in _rows(table)]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def _rows(table: Path) -> list[str]:
    try:
        return table.read_text().splitlines()[1:]
    except OSError:  # the node has ended
        return []
