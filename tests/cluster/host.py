"""What a node changes outside its namespaces, and how that is put back."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import namespaces, state
from tests.cluster.trouble import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CGROUPS = Path("/sys/fs/cgroup")
PODS = "kubepods"
"""The cgroup that kubelet makes for its pods, on cgroup v1 in each hierarchy."""

# kubelet v1.34 sets these, in pkg/kubelet/cm/container_manager_linux.go (setupKernelTunables).
SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)


def settings() -> dict[str, str]:
    """Return the kernel settings that kubelet will change."""
    return {name: Path("/proc/sys", name).read_text() for name in SETTINGS}


def missing_folders() -> list[str]:
    """Return the mount points of the node that this machine lacks, which `make_folders` makes."""
    return [str(folder) for folder in namespaces.HIDDEN.values() if not folder.exists()]


def make_folders(folders: Iterable[str]) -> None:
    """Make empty folders for the node to mount its own over."""
    for folder in folders:
        Path(folder).mkdir()


def restore(before: Mapping[str, str], folders: Iterable[str]) -> None:
    """Put back what was saved, after the node has ended.

    Args:
        before: What `settings` returned.
        folders: What `missing_folders` returned.
    """
    for name, value in before.items():
        setting = Path("/proc/sys", name)
        if setting.read_text() != value:
            setting.write_text(value)
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):
            Path(folder).rmdir()
    for cgroup in pod_cgroups():
        _remove(cgroup)


def pod_cgroups() -> list[Path]:
    """Return the cgroups of pods, one in each hierarchy that there is."""
    places = [CGROUPS, *(path for path in CGROUPS.iterdir() if path.is_dir())]
    return [place / PODS for place in places if (place / PODS).is_dir()]


def check() -> None:
    """Refuse a machine where a node would be in somebody's way.

    Raises:
        ClusterError: Another kubelet runs, and each would end the pods of the other; or the
            addresses of the cable are in use.
    """
    if found := pod_cgroups():
        msg = f"another Kubernetes node runs on this machine, or ended badly: {found[0]} is there"
        raise ClusterError(msg)
    routes = ["ip", "-oneline", "route", "show", "to", "match", state.NODE]
    shown = subprocess.run(routes, capture_output=True, text=True, check=True).stdout
    if taken := [route for route in shown.splitlines() if not route.startswith("default")]:
        msg = f"the addresses of the node are in use: {taken[0].strip()}"
        raise ClusterError(msg)


def _remove(cgroup: Path) -> None:
    for child in cgroup.iterdir():
        if child.is_dir():
            _remove(child)
    cgroup.rmdir()
