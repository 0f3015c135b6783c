"""What a cluster is made of: the programs of Debian, and Go modules, built and as they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster.trouble import ClusterError

TOOLS = Path(__file__).parents[2] / "tools"

DEBIAN = {
    "etcd": "etcd-server",
    "containerd": "containerd",
    "runc": "runc",
    "docker-registry": "docker-registry",
    "busybox": "busybox-static",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "openssl": "openssl",
    "ip": "iproute2",
    "mount": "mount",
    "sysctl": "procps",
    "unshare": "util-linux",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
"""Debian's package of each program and file that is needed."""


def missing() -> list[str]:
    """Return the Debian packages to be installed."""
    return sorted({package for name, package in DEBIAN.items() if not _there(name)})


def check() -> None:
    """Refuse to start without root, or without what Debian must provide.

    Raises:
        ClusterError: It says what to do.
    """
    if os.geteuid() != 0:
        msg = "a node needs root: run it with sudo"
        raise ClusterError(msg)
    if packages := missing():
        msg = f"not installed: {', '.join(packages)}; run make cluster-deps"
        raise ClusterError(msg)


def built(tool: str) -> Path:
    """Return what tools/build.sh builds of a folder in tools, after building it if need be.

    Raises:
        ClusterError: The build fails; it has printed why.
    """
    run = subprocess.run([TOOLS / "build.sh", tool], stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        msg = f"{tool} cannot be built"
        raise ClusterError(msg)
    return Path(run.stdout.strip())


def sources(tool: str, module: str) -> Path:
    """Return the folder with the sources of a Go module, downloaded if need be.

    Args:
        tool: The folder in tools that says which version it is, or what stands for it.
        module: Its path.

    Raises:
        ClusterError: They cannot be had; with what go said.
    """
    command = ["go", "mod", "download", "-C", str(TOOLS / tool), "-json", module]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        msg = f"the sources of {module} cannot be had: {run.stdout}"
        raise ClusterError(msg)
    return Path(json.loads(run.stdout)["Dir"])


def busybox() -> Path:
    """Return the static busybox of Debian."""
    return Path(shutil.which("busybox") or "/bin/busybox")


def _there(name: str) -> bool:
    return Path(name).exists() if name.startswith("/") else shutil.which(name) is not None
