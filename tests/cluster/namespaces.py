"""The node's own network, mounts and processes, which the kernel removes with its first process.

Nothing that the node does to interfaces, firewall rules, network settings or mounts happens on this
machine, so none of it must be undone, whatever ends the node.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import state, waiting
from tests.cluster.trouble import ClusterError

if TYPE_CHECKING:
    from collections.abc import Sequence

# The first process adopts what daemons leave behind; ignoring SIGCHLD lets the kernel bury it.
FIRST = 'trap "" CHLD; exec sleep infinity'
CREATE = [
    *("unshare", "--mount", "--net", "--pid", "--mount-proc", "--fork", "--kill-child"),
    *("--", "sh", "-c", FIRST),
]

HIDDEN = {
    "run": Path("/run"),
    "log": Path("/var/log"),
    "kubelet": Path("/var/lib/kubelet"),
    "cni": Path("/var/lib/cni"),
}
"""Folders whose names are fixed in containerd and kubelet; the node has its own in their places."""


@dataclass(frozen=True)
class Process:
    """A process, told apart from a later one with the same id."""

    pid: int
    started: str
    """When, in clock ticks since boot: field 22 of /proc/PID/stat."""

    @property
    def alive(self) -> bool:
        """Return whether it runs."""
        return _started(self.pid) == self.started

    def kill(self) -> None:
        """End it, and return when it is gone."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        waiting.until(lambda: not self.alive, f"process {self.pid} is gone")


def process(pid: int) -> Process:
    """Return the process that has an id now.

    Raises:
        ClusterError: There is none.
    """
    started = _started(pid)
    if started is None:
        msg = f"process {pid} ended as soon as it was started"
        raise ClusterError(msg)
    return Process(pid, started)


def create(root: Path) -> Process:
    """Make a node without anything in it; return its first process.

    Args:
        root: Gets the folders that the node has in the places of HIDDEN.
    """
    for name in HIDDEN:
        (root / name).mkdir(parents=True)
    with (root / "unshare.log").open("wb") as log:
        unshare = subprocess.Popen(
            CREATE, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children")
    try:
        waiting.until(
            lambda: bool(children.read_text()),
            "the node's namespaces are there",
            broken=lambda: None if unshare.poll() is None else "unshare ended",
        )
        return process(int(children.read_text()))
    except BaseException:
        unshare.kill()
        raise


def furnish(first: Process, root: Path) -> None:
    """Give a node its folders, its network, and a cable to this machine."""
    name = Path(f"/proc/{first.pid}/comm")
    waiting.until(lambda: name.read_text() == "sleep\n", "the node's first process is there")
    for folder, place in HIDDEN.items():
        run(first, "mount", "--bind", str(root / folder), str(place))
    peer = ["type", "veth", "peer", "name", "eth0", "netns", str(first.pid)]
    _ip("link", "add", state.LINK, *peer)
    _ip("address", "add", f"{state.GATEWAY}/{state.CABLE}", "dev", state.LINK)
    _ip("link", "set", state.LINK, "up")
    run(first, "ip", "link", "set", "lo", "up")
    run(first, "ip", "address", "add", f"{state.NODE}/{state.CABLE}", "dev", "eth0")
    run(first, "ip", "link", "set", "eth0", "up")
    run(first, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")


def entering(first: Process, command: Sequence[str]) -> list[str]:
    """Return the command that runs another one in the node."""
    return ["nsenter", "--target", str(first.pid), "--mount", "--net", "--pid", "--", *command]


def run(first: Process, *command: str) -> str:
    """Run a command in the node to its end, and return what it prints.

    Raises:
        ClusterError: It fails; with what it said.
    """
    return _output(entering(first, command), command)


def _ip(*arguments: str) -> None:
    command = ("ip", *arguments)
    _output(command, command)


def _output(command: Sequence[str], shown: Sequence[str]) -> str:
    """Run a command on this machine; errors call it `shown`."""
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if ended.returncode != 0:
        msg = f"{' '.join(shown)}: {ended.stderr.decode(errors='replace').strip()}"
        raise ClusterError(msg)
    return ended.stdout.decode()


def _started(pid: int) -> str | None:
    try:
        # The name, field 2, may hold anything; nothing behind it holds a parenthesis.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]
