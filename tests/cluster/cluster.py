"""Takes the cluster up and down: the order of it all."""

from __future__ import annotations

import contextlib
import shutil
import ssl
import subprocess
import urllib.request
from typing import TYPE_CHECKING

from tests.cluster import (
    certificates,
    control_plane,
    crossplane,
    daemons,
    dns,
    host,
    images,
    namespaces,
    programs,
    record,
    registry,
    state,
    waiting,
    worker,
)
from tests.cluster.trouble import ClusterError, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.cluster.daemons import Daemon
    from tests.cluster.namespaces import Process
    from tests.cluster.state import State


def up(at: State, releases: Sequence[str]) -> None:
    """Take a cluster up, and leave it running.

    Args:
        at: Where it keeps its files; there must be none of another cluster.
        releases: The versions of Crossplane whose images it gets, e.g. `2.4.0`.

    Raises:
        ClusterError: It cannot be; nothing is left of it but the logs.
    """
    programs.check()
    if at.record.exists():
        msg = f"a cluster is up already, or was not taken down (make cluster-down): {at.root}"
        raise ClusterError(msg)
    host.check()
    kubernetes, coredns = programs.built("kubernetes"), programs.built("coredns")
    own = [images.busybox(programs.busybox()), *map(crossplane.image, releases)]
    try:
        first = _node(at)
        _run(at, first, kubernetes, coredns, own)
    except BaseException:
        _end(at)
        _remove(at, but=at.logs)
        raise


def down(at: State) -> None:
    """Take the cluster down, if it is up, and remove all that is left of it."""
    _end(at)
    _remove(at)


def _node(at: State) -> Process:
    """Return the first process of a new, empty node."""
    _remove(at)  # the logs of a failure
    for folder in (at.configuration, at.data, at.logs):
        folder.mkdir(parents=True)
    before = record.Record(host.settings(), host.missing_folders())
    before.write(at.record)
    host.make_folders(before.folders)
    first = namespaces.create(at.data)
    before.started(first).write(at.record)
    namespaces.furnish(first, at.data)
    certificates.write(at.keys)
    shutil.copyfile(at.keys / "admin.kubeconfig", at.kubeconfig)
    return first


def _run(
    at: State, first: Process, kubernetes: Path, coredns: Path, own: Sequence[images.Image]
) -> None:
    """Start everything, and return when the node is ready."""

    def start(command: Sequence[str]) -> Daemon:
        return daemons.start(first, at.logs, command)

    say("starting the control plane and containerd")
    start(control_plane.etcd(at))
    api_server = start(control_plane.api_server(at, kubernetes))
    containerd = start(worker.containerd(at))
    start(registry.command(at))
    waiting.until(lambda: _answers(at), "the API server is ready", broken=api_server.broken)
    start(control_plane.controller_manager(at, kubernetes))
    start(control_plane.scheduler(at, kubernetes))
    start(dns.command(at, coredns))
    waiting.until(lambda: _serves(first), "containerd is ready", broken=containerd.broken)
    say(f"importing images: {', '.join(image.reference for image in own)}")
    for image in [images.pause(programs.busybox()), *own]:
        images.load(first, at.data, image)
    kubectl = [str(kubernetes / "kubectl"), f"--kubeconfig={at.kubeconfig}"]
    subprocess.run(
        [*kubectl, "apply", "-f", "-"], input=dns.SERVICE.encode(), capture_output=True, check=True
    )
    kubelet = start(worker.kubelet(at, kubernetes))
    start(worker.proxy(at, kubernetes))
    waiting.until(lambda: _ready(kubectl), "the node is ready", broken=kubelet.broken)


def _answers(at: State) -> bool:
    """Return whether the API server says that it is ready."""
    trust = ssl.create_default_context(cafile=at.keys / "ca.crt")
    try:
        urllib.request.urlopen(f"{certificates.SERVER}/readyz", context=trust, timeout=5).close()  # noqa: S310  # https, to the node
    except OSError:
        return False
    return True


def _serves(first: Process) -> bool:
    """Return whether containerd answers."""
    try:
        namespaces.run(first, "ctr", "version")
    except ClusterError:
        return False
    return True


def _ready(kubectl: Sequence[str]) -> bool:
    """Return whether the node has the condition Ready and an account to start pods by."""
    ready = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'
    node = [*kubectl, "get", "nodes", "--output", ready]
    account = [*kubectl, "get", "serviceaccount", "default"]
    answers = [subprocess.run(c, capture_output=True, check=False) for c in (node, account)]
    return answers[0].stdout == b"True" and answers[1].returncode == 0


def _remove(at: State, but: Path | None = None) -> None:
    """Remove the cluster's files, but none that somebody else put into its folder."""
    for part in at.parts:
        if part.is_dir() and part != but:
            shutil.rmtree(part)
        elif part.is_file():
            part.unlink()
    with contextlib.suppress(OSError):
        at.root.rmdir()


def _end(at: State) -> None:
    if not at.record.exists():
        return
    left = record.read(at.record)
    if left.first:
        left.first.kill()
        # The kernel takes the network apart a moment later.
        waiting.until(lambda: not state.CABLE_END.exists(), "the node's network is gone")
    host.restore(left.settings, left.folders)
    at.record.unlink()
