"""The cgroup of a node's pods: all that a node makes outside its namespaces.

Each node has one of its own, so that no kubelet on this machine takes the pods of another for
its own.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.cluster import waiting
from tests.cluster.trouble import ClusterError

MOUNT = Path("/sys/fs/cgroup")

# What kubelet v1.34 wants below its root, if the machine has it: pkg/kubelet/cm/
# cgroup_v2_manager_linux.go (getSupportedUnifiedControllers).
CONTROLLERS = frozenset(("cpu", "cpuset", "memory", "hugetlb", "pids"))


def check(name: str) -> None:
    """Refuse a cgroup that is in use, and remove one that a node left when it was killed.

    Raises:
        ClusterError: Something runs in it.
    """
    if found := _in_use(name):
        msg = f"a node that ended badly left something that runs, in {found}"
        raise ClusterError(msg)
    _remove(name)


def make(name: str) -> None:
    """Make a cgroup for a kubelet, in each hierarchy of cgroup v1 or in the one of v2.

    On cgroup v2 this gives the machine's top-level cgroups the controllers that they lack, as any
    kubelet does; that stays so, since others may have come to use it.

    Raises:
        ClusterError: The machine cannot give it the controllers.
    """
    if _unified():
        _give_controllers()
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)


def remove(name: str) -> None:
    """Remove a cgroup, after all that ran in it was killed."""
    waiting.until(lambda: not _in_use(name), f"nothing runs in the cgroup {name}")
    _remove(name)


def _unified() -> bool:
    """Return whether this machine has cgroup v2, and nothing else."""
    return (MOUNT / "cgroup.controllers").exists()


def _hierarchies() -> list[Path]:
    if _unified():
        return [MOUNT]
    # A link is a second name, like cpu for cpu,cpuacct.
    return [path for path in MOUNT.iterdir() if path.is_dir() and not path.is_symlink()]


def _give_controllers() -> None:
    there = set((MOUNT / "cgroup.controllers").read_text().split())
    given = MOUNT / "cgroup.subtree_control"
    if missing := sorted((CONTROLLERS & there) - set(given.read_text().split())):
        try:
            given.write_text(" ".join(f"+{name}" for name in missing))
        except OSError as error:
            msg = f"cannot have the controllers {', '.join(missing)} for cgroups: {error}"
            raise ClusterError(msg) from error


def _folders(name: str) -> list[Path]:
    """Return all cgroups of that name and in them, those inside before the others."""
    roots = [hierarchy / name for hierarchy in _hierarchies()]
    return [Path(folder) for root in roots for folder, _, _ in os.walk(root, topdown=False)]


def _in_use(name: str) -> Path | None:
    """Return a cgroup that something runs in."""
    for folder in _folders(name):
        try:
            if (folder / "cgroup.procs").read_text():
                return folder
        except OSError:  # gone since, or of threads only
            continue
    return None


def _remove(name: str) -> None:
    for folder in _folders(name):
        folder.rmdir()
