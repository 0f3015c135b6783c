"""Gives a node its own network, mounts and processes.

The kernel removes them with the first process of the node. The node's changes of interfaces,
firewall rules, kernel settings and mounts do not affect this machine, so the end of
a node leaves nothing to undo.
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

# The first process adopts the orphans of the daemons. It ignores SIGCHLD, so the kernel reaps them.
# It ends when the other end of its stdin closes, unless it reads a line first. It is not a shell,
# because dash always catches SIGCHLD, and each SIGCHLD interrupts its `read`.
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
"""Fixed folders that containerd and kubelet write to, each replaced by a folder of the node."""

LIBRARIES = ("kubelet", "cni")
"""The folders that kubelet and the CNI plugins expect in /var/lib."""

# kubelet v1.34 changes these kernel settings of the whole machine, in pkg/kubelet/cm/
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
    """The first process of a node, distinguished from a later process with the same id."""

    pid: int
    started: str
    """The start time in clock ticks since boot: field 22 of /proc/PID/stat."""

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return _start_time(self.pid) == self.started

    def kill(self) -> None:
        """Kill the process, and return when it is gone."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        waiting.until(lambda: not self.alive, f"process {self.pid} is gone")


@dataclass(frozen=True)
class Leash:
    """Ends a node when this process ends in any way."""

    unshare: subprocess.Popen[bytes]

    def release(self) -> None:
        """Let the node outlive this process."""
        assert self.unshare.stdin, "it is a pipe"
        self.unshare.stdin.write(b"\n")
        self.unshare.stdin.close()

    def drop(self) -> None:
        """End the node, unless it was released, and return when it is gone."""
        assert self.unshare.stdin, "it is a pipe"
        self.unshare.stdin.close()
        self.unshare.wait()


def check(*paths: Path) -> None:
    """Refuse paths that the node cannot see.

    Raises:
        ClusterError: A path is in a folder that the node replaces by its own.
    """
    for path in paths:
        for place in HIDDEN.values():
            if path.resolve().is_relative_to(place.resolve()):
                msg = f"{path} cannot be in {place}, because the node has its own {place}"
                raise ClusterError(msg)


def create(log: Path) -> tuple[Init, Leash]:
    """Create an empty node that ends with this process.

    Args:
        log: The file for the errors of the node's first process.

    Raises:
        ClusterError: The first process does not start.
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
    with unshare.stdout as stdout:
        if not stdout.readline():
            msg = f"the node's first process did not start: {log.read_text().strip()}"
            raise ClusterError(msg)
    pid = child(unshare, "the node's first process runs")
    return Init(pid, _start_time(pid) or ""), Leash(unshare)


def child(parent: subprocess.Popen[bytes], goal: str) -> int:
    """Wait for the child process of an unshare or nsenter, and return its id.

    Args:
        parent: The unshare or nsenter.
        goal: The state to wait for, for the error message.

    Raises:
        ClusterError: The parent has ended.
    """
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")

    def failure() -> str | None:
        return None if parent.poll() is None else "it ended"

    def has_child() -> bool:
        return parent.poll() is None and bool(children.read_text())

    waiting.until(has_child, goal, failure=failure)
    return int(children.read_text())


def prepare(init: Init, root: Path) -> None:
    """Give a node its own folders and kernel settings.

    Args:
        init: The node.
        root: The folder for the node's own versions of the folders of HIDDEN.
    """
    for name in HIDDEN:
        (root / name).mkdir()
    for name in LIBRARIES:
        (root / "lib" / name).mkdir()
    binds = {root / folder: place for folder, place in HIDDEN.items()}
    for name in SETTINGS:
        setting, file = Path("/proc/sys", name), root / "settings" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(setting.read_text())
        binds[file] = setting
    for source, place in binds.items():
        run(init, "mount", "--bind", str(source), str(place))


def nsenter(init: Init, command: Sequence[str]) -> list[str]:
    """Return the command that runs another command in the node."""
    return ["nsenter", "--target", str(init.pid), "--mount", "--net", "--pid", "--", *command]


def run(init: Init, *command: str) -> str:
    """Run a command in the node to its end, and return its output.

    Raises:
        ClusterError: The command fails; the message has its error output.
    """
    return output(nsenter(init, command), label=command)


def output(command: Sequence[str], label: Sequence[str] = ()) -> str:
    """Run a command on this machine, and return its output.

    Args:
        command: The command.
        label: The command that error messages quote, if it is another command.

    Raises:
        ClusterError: The command fails; the message has its error output.
    """
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode != 0:
        reason = result.stderr.decode(errors="replace").strip()
        msg = f"{' '.join(label or command)}: {reason}"
        raise ClusterError(msg)
    return result.stdout.decode()


def _start_time(pid: int) -> str | None:
    try:
        # The name, field 2, can contain any character; no later field contains a parenthesis.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]
