"""The cable between this machine and a node; the kernel removes it with the node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import namespaces
from tests.cluster.state import CABLE, NUMBER
from tests.cluster.trouble import ClusterError

if TYPE_CHECKING:
    from tests.cluster.namespaces import Init
    from tests.cluster.state import State


def check(at: State) -> None:
    """Refuse to use addresses that something else uses.

    Raises:
        ClusterError: They are in use.
    """
    routes = ["ip", "-oneline", "route", "show", "to", "match", at.node]
    shown = namespaces.output(routes)
    if taken := [route for route in shown.splitlines() if not route.startswith("default")]:
        msg = f"the addresses of node {at.number} are in use ({NUMBER} chooses another node): "
        raise ClusterError(msg + taken[0].strip())


def lay(at: State, init: Init) -> None:
    """Connect a node with this machine."""
    here = ["ip", "address", "add", f"{at.gateway}/{CABLE}", "dev", at.link]
    peer = ["type", "veth", "peer", "name", "eth0", "netns", str(init.pid)]
    namespaces.output(["ip", "link", "add", at.link, *peer])
    namespaces.output(here)
    namespaces.output(["ip", "link", "set", at.link, "up"])
    namespaces.run(init, "ip", "link", "set", "lo", "up")
    namespaces.run(init, "ip", "address", "add", f"{at.node}/{CABLE}", "dev", "eth0")
    namespaces.run(init, "ip", "link", "set", "eth0", "up")
    namespaces.run(init, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")


def laid(at: State) -> bool:
    """Return whether the cable is there."""
    return Path("/sys/class/net", at.link).exists()


def listens(init: Init, port: int) -> bool:
    """Return whether something in the node accepts TCP connections at a port."""
    tables = [Path(f"/proc/{init.pid}/net/{name}") for name in ("tcp", "tcp6")]
    rows = [row.split() for table in tables if table.exists() for row in _rows(table)]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def _rows(table: Path) -> list[str]:
    try:
        return table.read_text().splitlines()[1:]
    except OSError:  # the node has ended
        return []
