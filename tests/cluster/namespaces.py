"""The node's own network, mounts and processes, which the kernel removes with its first process.

Nothing that the node does to interfaces, firewall rules, kernel settings or mounts happens on this
machine, so none of it must be undone, whatever ends the node.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import waiting
from tests.cluster.trouble import ClusterError

if TYPE_CHECKING:
    from collections.abc import Sequence

# The first process adopts what daemons leave behind; ignoring SIGCHLD lets the kernel bury it. It
# ends when nobody holds the other end of its stdin any more, unless it is told a line before. It is
# no shell, since dash catches SIGCHLD in any case, and each one ends its `read`.
FIRST = """
import signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
if sys.stdin.readline():
    while True:
        signal.pause()
"""
CREATE = [
    *("unshare", "--mount", "--net", "--pid", "--mount-proc", "--fork", "--kill-child"),
    *("--", sys.executable, "-I", "-S", "-c", FIRST),
]

HIDDEN = {"run": Path("/run"), "log": Path("/var/log"), "lib": Path("/var/lib")}
"""Folders that containerd and kubelet write to under fixed names; the node has its own there."""

LIBRARIES = ("kubelet", "cni")
"""What they expect in /var/lib."""

# kubelet v1.34 sets these, which are the whole machine's, in pkg/kubelet/cm/
# container_manager_linux.go (setupKernelTunables). In the node they are plain files.
SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)


@dataclass(frozen=True)
class Init:
    """The first process of a node, told apart from a later one with the same id."""

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


@dataclass(frozen=True)
class Leash:
    """Ties a node to this process: it ends when this process does, whatever ends it."""

    unshare: subprocess.Popen[bytes]

    def release(self) -> None:
        """Let the node live on."""
        assert self.unshare.stdin, "it is a pipe"
        self.unshare.stdin.write(b"\n")
        self.unshare.stdin.close()

    def drop(self) -> None:
        """End the node, unless it was released; return when it is gone."""
        assert self.unshare.stdin, "it is a pipe"
        self.unshare.stdin.close()
        self.unshare.wait()


def check(*paths: Path) -> None:
    """Refuse files that the node could not see.

    Raises:
        ClusterError: One is where the node has a folder of its own.
    """
    for path in paths:
        for place in HIDDEN.values():
            if path.resolve().is_relative_to(place.resolve()):
                msg = f"{path} cannot be in {place}, of which the node has its own"
                raise ClusterError(msg)


def create(log: Path) -> tuple[Init, Leash]:
    """Make a node without anything in it, tied to this process.

    Args:
        log: Gets what goes wrong.
    """
    with log.open("wb") as errors:
        unshare = subprocess.Popen(
            CREATE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    assert unshare.stdout, "it is a pipe"
    with unshare.stdout as told:
        if not told.readline():
            msg = f"the node's first process did not start: {log.read_text().strip()}"
            raise ClusterError(msg)
    pid = child(unshare, "the node's first process is there")
    return Init(pid, _started(pid) or ""), Leash(unshare)


def child(parent: subprocess.Popen[bytes], what: str) -> int:
    """Return the process that unshare or nsenter started, as soon as it is there.

    Args:
        parent: The unshare or nsenter.
        what: What is waited for.

    Raises:
        ClusterError: The parent has ended.
    """
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")

    def broken() -> str | None:
        return None if parent.poll() is None else "it ended"

    waiting.until(lambda: parent.poll() is None and bool(children.read_text()), what, broken=broken)
    return int(children.read_text())


def furnish(init: Init, root: Path) -> None:
    """Give a node its own folders and kernel settings.

    Args:
        init: The node.
        root: Gets the folders that the node has in the places of HIDDEN.
    """
    for name in HIDDEN:
        (root / name).mkdir()
    for name in LIBRARIES:
        (root / "lib" / name).mkdir()
    binds = {root / folder: place for folder, place in HIDDEN.items()}
    for name in SETTINGS:
        setting, own = Path("/proc/sys", name), root / "settings" / name
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(setting.read_text())
        binds[own] = setting
    for source, place in binds.items():
        run(init, "mount", "--bind", str(source), str(place))


def entering(init: Init, command: Sequence[str]) -> list[str]:
    """Return the command that runs another one in the node."""
    return ["nsenter", "--target", str(init.pid), "--mount", "--net", "--pid", "--", *command]


def run(init: Init, *command: str) -> str:
    """Run a command in the node to its end, and return what it prints.

    Raises:
        ClusterError: It fails; with what it said.
    """
    return output(entering(init, command), shown=command)


def output(command: Sequence[str], shown: Sequence[str] = ()) -> str:
    """Run a command on this machine, and return what it prints.

    Args:
        command: What is run.
        shown: What errors call it.

    Raises:
        ClusterError: It fails; with what it said.
    """
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if ended.returncode != 0:
        said = ended.stderr.decode(errors="replace").strip()
        msg = f"{' '.join(shown or command)}: {said}"
        raise ClusterError(msg)
    return ended.stdout.decode()


def _started(pid: int) -> str | None:
    try:
        # The name, field 2, may hold anything; nothing behind it holds a parenthesis.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]
