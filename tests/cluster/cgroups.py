"""Creates and removes the cgroup of a node's pods.

A node creates nothing else outside its namespaces. Each node has a separate cgroup, so that no
kubelet on this machine mistakes the pods of another node for its own.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.cluster import waiting
from tests.cluster.trouble import ClusterError

MOUNT = Path("/sys/fs/cgroup")

# kubelet v1.34 requires these controllers below its root, if the machine has them:
# pkg/kubelet/cm/cgroup_v2_manager_linux.go (getSupportedUnifiedControllers).
CONTROLLERS = frozenset(("cpu", "cpuset", "memory", "hugetlb", "pids"))


def check(name: str) -> None:
    """Refuse a cgroup that is in use, and remove the cgroup of a node that was killed.

    Raises:
        ClusterError: A process runs in the cgroup.
    """
    if cgroup := _in_use(name):
        msg = f"a process of a node that did not stop cleanly still runs in {cgroup}"
        raise ClusterError(msg)
    _remove(name)


def make(name: str) -> None:
    """Create a cgroup for a kubelet, in each hierarchy of cgroup v1 or in the single one of v2.

    On cgroup v2 this enables missing controllers for the top-level cgroups of the machine, as any
    kubelet does. They stay enabled, because other programs may use them by then.

    Raises:
        ClusterError: The machine cannot enable the controllers.
    """
    if _unified():
        _enable_controllers()
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)


def remove(name: str) -> None:
    """Remove a cgroup as soon as its processes, which were killed, have ended."""
    waiting.until(lambda: not _in_use(name), f"no process runs in the cgroup {name}")
    _remove(name)


def _unified() -> bool:
    """Return whether this machine has cgroup v2 only."""
    return (MOUNT / "cgroup.controllers").exists()


def _hierarchies() -> list[Path]:
    if _unified():
        return [MOUNT]
    # A link is an alias, such as cpu for cpu,cpuacct.
    return [path for path in MOUNT.iterdir() if path.is_dir() and not path.is_symlink()]


def _enable_controllers() -> None:
    available = set((MOUNT / "cgroup.controllers").read_text().split())
    subtree_control = MOUNT / "cgroup.subtree_control"
    if missing := sorted((CONTROLLERS & available) - set(subtree_control.read_text().split())):
        try:
            subtree_control.write_text(" ".join(f"+{name}" for name in missing))
        except OSError as error:
            msg = f"cannot enable the cgroup controllers {', '.join(missing)}: {error}"
            raise ClusterError(msg) from error


def _folders(name: str) -> list[Path]:
    """Return the cgroups of that name and all cgroups inside them, the innermost first."""
    roots = [hierarchy / name for hierarchy in _hierarchies()]
    return [Path(folder) for root in roots for folder, _, _ in os.walk(root, topdown=False)]


def _in_use(name: str) -> Path | None:
    """Return a cgroup in which a process runs, or None."""
    for folder in _folders(name):
        try:
            if (folder / "cgroup.procs").read_text():
                return folder
        except OSError:  # removed meanwhile, or a cgroup of threads
            continue
    return None


def _remove(name: str) -> None:
    for folder in _folders(name):
        folder.rmdir()
