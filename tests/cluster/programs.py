"""The programs that a cluster is made of: from Debian, and built from Go modules."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster.trouble import ClusterError

BUILD = Path(__file__).parents[2] / "tools" / "build.sh"

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
    run = subprocess.run([BUILD, tool], stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        msg = f"{tool} cannot be built"
        raise ClusterError(msg)
    return Path(run.stdout.strip())


def busybox() -> Path:
    """Return the static busybox of Debian."""
    return Path(shutil.which("busybox") or "/bin/busybox")


def _there(name: str) -> bool:
    return Path(name).exists() if name.startswith("/") else shutil.which(name) is not None
