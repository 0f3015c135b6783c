"""Starts the components of the node in order."""

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
    waiting,
    worker,
)
from tests.cluster.daemons import Daemon
from tests.cluster.state import NODE_NAME
from tests.cluster.trouble import ClusterError, say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.cluster.images import Image
    from tests.cluster.namespaces import Init
    from tests.cluster.state import State


@dataclass(frozen=True)
class Parts:
    """The programs and the images of a node."""

    line: str
    """The release line of Kubernetes, such as `1.34`."""

    kubernetes: Path
    """The folder of the Kubernetes programs."""

    coredns: Path
    images: Sequence[Image]


def boot(state: State, init: Init, parts: Parts) -> Mapping[str, Daemon]:
    """Start all components, wait until the node is ready, and return the components by name."""
    daemons: dict[str, Daemon] = {}

    def start(command: Sequence[str], probe: Callable[[], bool] | int) -> Daemon:
        if isinstance(probe, int):
            probe = partial(network.listens, init, probe)
        name = command[0].rpartition("/")[2]
        daemon = Daemon(init, command, state.logs / f"{name}.log", probe)
        daemon.start()
        daemons[name] = daemon
        return daemon

    kubectl = [str(parts.kubernetes / "kubectl"), f"--kubeconfig={state.kubeconfig}"]
    say("starting the control plane and containerd")
    containerd = start(worker.containerd(state), partial(_containerd, init))
    start(registry.command(state), partial(_registry, state))
    start(control_plane.etcd(state), 2379)
    certificates.write(state)
    api_server_command = control_plane.api_server(state, parts.kubernetes)
    api_server = start(api_server_command, partial(_api_server, state))
    containerd.ready()
    say(f"importing images: {', '.join(image.reference for image in parts.images)}")
    for image in [images.pause(programs.busybox()), *parts.images]:
        images.load(init, state.data, image)
    api_server.ready()
    start(control_plane.controller_manager(state, parts.kubernetes), 10257)
    start(control_plane.scheduler(state, parts.kubernetes), 10259)
    start(dns.command(state, parts.coredns), 53)
    kubelet = start(worker.kubelet(state, parts.kubernetes, parts.line), partial(_kubelet, kubectl))
    start(worker.proxy(state, parts.kubernetes), 10256)
    service = dns.service(state).encode()
    subprocess.run([*kubectl, "apply", "-f", "-"], input=service, capture_output=True, check=True)
    waiting.until(lambda: _ready(kubectl), "the node is ready", failure=kubelet.failure)
    for daemon in daemons.values():
        daemon.ready()
    return daemons


def _api_server(state: State) -> bool:
    """Return whether the API server reports that it is ready."""
    trust = ssl.create_default_context(cafile=state.keys / "ca.crt")
    return _answers(f"{certificates.server(state)}/readyz", trust)


def _registry(state: State) -> bool:
    """Return whether the registry answers."""
    return _answers(f"http://{state.registry}/v2/")


def _containerd(init: Init) -> bool:
    """Return whether containerd answers."""
    try:
        namespaces.run(init, "ctr", "version")
    except ClusterError:
        return False
    return True


def _kubelet(kubectl: Sequence[str]) -> bool:
    """Return whether kubelet answers and knows all pods that it must run."""
    uids = "jsonpath={.items[*].metadata.uid}"
    pods = subprocess.run(
        [*kubectl, "get", "pods", "--all-namespaces", "--output", uids],
        capture_output=True,
        check=False,
    )
    reports = subprocess.run(
        [*kubectl, "get", "--raw", f"/api/v1/nodes/{NODE_NAME}/proxy/pods"],
        capture_output=True,
        check=False,
    )
    if pods.returncode != 0 or reports.returncode != 0:
        return False
    return all(uid in reports.stdout for uid in pods.stdout.split())


def _ready(kubectl: Sequence[str]) -> bool:
    """Return whether the node is Ready and the ServiceAccount for pods exists."""
    ready = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'
    node = [*kubectl, "get", "nodes", "--output", ready]
    account = [*kubectl, "get", "serviceaccount", "default"]
    answers = [subprocess.run(c, capture_output=True, check=False) for c in (node, account)]
    return answers[0].stdout == b"True" and answers[1].returncode == 0


def _answers(url: str, trust: ssl.SSLContext | None = None) -> bool:
    # Ignore the proxies in the environment: the node is local.
    https = urllib.request.HTTPSHandler(context=trust)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), https)
    try:
        opener.open(url, timeout=5).close()
    except OSError:
        return False
    return True
