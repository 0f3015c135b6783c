"""What runs in the node, and the order in which it starts."""

from __future__ import annotations

import ssl
import subprocess
import urllib.request
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.cluster import (
    certificates,
    control_plane,
    dns,
    images,
    namespaces,
    network,
    programs,
    registry,
    state,
    waiting,
    worker,
)
from tests.cluster.daemons import Daemon
from tests.cluster.trouble import ClusterError, say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.cluster.images import Image
    from tests.cluster.namespaces import Init
    from tests.cluster.state import State


@dataclass(frozen=True)
class Parts:
    """The programs that were built, and the images that the node gets."""

    line: str
    """The release line of Kubernetes, such as `1.34`."""

    kubernetes: Path
    """The folder of Kubernetes' programs."""

    coredns: Path
    images: Sequence[Image]


def boot(at: State, init: Init, parts: Parts) -> Mapping[str, Daemon]:
    """Start everything, and return it by name when the node is ready."""
    daemons: dict[str, Daemon] = {}

    def start(command: Sequence[str], serves: Callable[[], bool] | int) -> Daemon:
        if isinstance(serves, int):
            serves = partial(network.listens, init, serves)
        name = command[0].rpartition("/")[2]
        daemon = Daemon(init, command, at.logs / f"{name}.log", serves)
        daemon.start()
        daemons[name] = daemon
        return daemon

    kubectl = [str(parts.kubernetes / "kubectl"), f"--kubeconfig={at.kubeconfig}"]
    say("starting the control plane and containerd")
    containerd = start(worker.containerd(at), partial(_containerd, init))
    start(registry.command(at), partial(_registry, at))
    start(control_plane.etcd(at), 2379)
    certificates.write(at)
    api_server = start(control_plane.api_server(at, parts.kubernetes), partial(_api_server, at))
    containerd.ready()
    say(f"importing images: {', '.join(image.reference for image in parts.images)}")
    for image in [images.pause(programs.busybox()), *parts.images]:
        images.load(init, at.data, image)
    api_server.ready()
    start(control_plane.controller_manager(at, parts.kubernetes), 10257)
    start(control_plane.scheduler(at, parts.kubernetes), 10259)
    start(dns.command(at, parts.coredns), 53)
    kubelet = start(worker.kubelet(at, parts.kubernetes, parts.line), partial(_kubelet, kubectl))
    start(worker.proxy(at, parts.kubernetes), 10256)
    service = dns.service(at).encode()
    subprocess.run([*kubectl, "apply", "-f", "-"], input=service, capture_output=True, check=True)
    waiting.until(lambda: _ready(kubectl), "the node is ready", broken=kubelet.broken)
    for daemon in daemons.values():
        daemon.ready()
    return daemons


def _api_server(at: State) -> bool:
    """Return whether the API server says that it is ready."""
    trust = ssl.create_default_context(cafile=at.keys / "ca.crt")
    return _answers(f"{certificates.server(at)}/readyz", trust)


def _registry(at: State) -> bool:
    """Return whether the registry answers."""
    return _answers(f"http://{at.registry}/v2/")


def _containerd(init: Init) -> bool:
    """Return whether containerd answers."""
    try:
        namespaces.run(init, "ctr", "version")
    except ClusterError:
        return False
    return True


def _kubelet(kubectl: Sequence[str]) -> bool:
    """Return whether kubelet answers, and knows the pods that it has to run."""
    uids = "jsonpath={.items[*].metadata.uid}"
    wanted = subprocess.run(
        [*kubectl, "get", "pods", "--all-namespaces", "--output", uids],
        capture_output=True,
        check=False,
    )
    known = subprocess.run(
        [*kubectl, "get", "--raw", f"/api/v1/nodes/{state.NODE_NAME}/proxy/pods"],
        capture_output=True,
        check=False,
    )
    if wanted.returncode != 0 or known.returncode != 0:
        return False
    return all(uid in known.stdout for uid in wanted.stdout.split())


def _ready(kubectl: Sequence[str]) -> bool:
    """Return whether the node has the condition Ready and an account to start pods by."""
    ready = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'
    node = [*kubectl, "get", "nodes", "--output", ready]
    account = [*kubectl, "get", "serviceaccount", "default"]
    answers = [subprocess.run(c, capture_output=True, check=False) for c in (node, account)]
    return answers[0].stdout == b"True" and answers[1].returncode == 0


def _answers(url: str, trust: ssl.SSLContext | None = None) -> bool:
    # No proxy of this machine's environment stands between.
    https = urllib.request.HTTPSHandler(context=trust)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), https)
    try:
        opener.open(url, timeout=5).close()
    except OSError:
        return False
    return True
