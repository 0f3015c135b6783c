"""Provides the programs of a cluster: Debian packages, and Go modules to build or to read."""

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
"""The Debian package of each required program and file."""


def missing() -> list[str]:
    """Return the missing Debian packages."""
    return sorted({package for name, package in DEBIAN.items() if not _is_installed(name)})


def check() -> None:
    """Refuse to start without root privileges or without the Debian packages.

    Raises:
        ClusterError: A requirement is missing; the message names the command that provides it.
    """
    if os.geteuid() != 0:
        msg = "a node needs root: run it with sudo"
        raise ClusterError(msg)
    if packages := missing():
        msg = f"not installed: {', '.join(packages)}; run make cluster-deps"
        raise ClusterError(msg)


def build(tool: str) -> Path:
    """Build the program of a folder in tools with tools/build.sh, unless it is built.

    Args:
        tool: The folder in tools.

    Returns:
        The program, or the folder of several programs.

    Raises:
        ClusterError: The build fails; the build has printed the reason.
    """
    run = subprocess.run([TOOLS / "build.sh", tool], stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        msg = f"{tool} cannot be built"
        raise ClusterError(msg)
    return Path(run.stdout.strip())


def sources(tool: str, module: str) -> Path:
    """Download the sources of a Go module, unless they are there, and return their folder.

    Args:
        tool: The folder in tools whose go.mod has the version of the module or a replacement.
        module: The path of the module.

    Raises:
        ClusterError: The download fails; the message has the error of go.
    """
    command = ["go", "mod", "download", "-C", str(TOOLS / tool), "-json", module]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        msg = f"cannot download the sources of {module}: {run.stdout}"
        raise ClusterError(msg)
    return Path(json.loads(run.stdout)["Dir"])


def busybox() -> Path:
    """Return the static busybox of Debian."""
    return Path(shutil.which("busybox") or "/bin/busybox")


def _is_installed(name: str) -> bool:
    return Path(name).exists() if name.startswith("/") else shutil.which(name) is not None
