"""Starts, uses and stops a cluster."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.cluster import (
    cgroups,
    crossplane,
    images,
    namespaces,
    network,
    programs,
    record,
    waiting,
)
from tests.cluster.boot import Parts, boot
from tests.cluster.state import State
from tests.cluster.trouble import ClusterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.cluster.daemons import Daemon
    from tests.cluster.images import Image
    from tests.cluster.namespaces import Init, Leash


@dataclass(frozen=True)
class Cluster:
    """A cluster that this process started."""

    state: State
    kubectl: Path
    """The path of kubectl."""

    init: Init
    leash: Leash
    daemons: Mapping[str, Daemon]
    """The programs that run on the node beside pods, by name."""

    @property
    def kubeconfig(self) -> Path:
        """The path of the administrator's kubeconfig."""
        return self.state.kubeconfig

    @property
    def registry(self) -> str:
        """The host and port of the registry on the node, which speaks plain HTTP."""
        return self.state.registry

    def run(self, *command: str) -> str:
        """Run a command on the node as root, and return its output.

        Raises:
            ClusterError: The command fails; the message has its error output.
        """
        return namespaces.run(self.init, *command)

    def folder(self, name: str) -> Path:
        """Create an empty folder that pods of any user can write to, and return its path."""
        folder = self.state.volumes / name
        folder.mkdir(parents=True)
        folder.chmod(0o777)  # with any umask
        return folder

    def restart(self, name: str) -> None:
        """Restart a daemon and return when it serves; pods keep running meanwhile."""
        daemon = self.daemons[name]
        daemon.stop()
        daemon.start()
        daemon.ready()

    def log(self, name: str) -> str:
        """Return the output of a daemon so far.

        The log of `docker-registry` has a line for each request, in Apache's combined format, and
        other lines that begin with `time=`.
        """
        return self.daemons[name].log.read_text(errors="replace")

    def down(self) -> None:
        """Stop the cluster and remove its files."""
        down(self.state)
        self.leash.drop()
        for daemon in self.daemons.values():
            if daemon.nsenter:
                daemon.nsenter.wait()


def up(
    state: State,
    kubernetes: str,
    releases: Sequence[str],
    extra_images: Sequence[Image] = (),
    *,
    temporary: bool = False,
) -> Cluster:
    """Start a cluster.

    Args:
        state: The place of the cluster; no other cluster may run there.
        kubernetes: The release line of Kubernetes, such as `1.34`.
        releases: The versions of Crossplane whose images the node needs, such as `2.4.2`.
        extra_images: More images for the node.
        temporary: Whether the cluster ends with this process, even if the process is killed.
            Otherwise the cluster keeps running.

    Raises:
        ClusterError: The cluster cannot start; only its logs remain.
    """
    programs.check()
    _clear(state)
    network.check(state)
    cgroups.check(state.cgroup)
    copier = images.busybox(programs.busybox())
    parts = Parts(
        kubernetes,
        programs.build(f"kubernetes-{kubernetes}"),
        programs.build("coredns"),
        [copier, *map(crossplane.image, releases), *extra_images],
    )
    namespaces.check(state.root, parts.kubernetes, parts.coredns)
    try:
        init, leash = _node(state)
        daemons = boot(state, init, parts)
        if not temporary:
            leash.release()
    except BaseException:
        _end(state)
        _remove(state, keep=state.logs)
        raise
    return Cluster(state, parts.kubernetes / "kubectl", init, leash, daemons)


def down(state: State) -> None:
    """Stop the cluster, if it runs, and remove its files."""
    _end(state)
    _remove(state)


def load(state: State) -> None:
    """Import an image archive from stdin into the containerd of the cluster.

    Raises:
        ClusterError: The cluster does not run, or containerd refuses the archive.
    """
    init = record.read(state.record).init if state.record.exists() else None
    if init is None or not init.alive:
        msg = f"no cluster runs in {state.root}: start it with make cluster"
        raise ClusterError(msg)
    command = namespaces.nsenter(init, images.IMPORT)
    if subprocess.run(command, check=False).returncode:
        msg = "containerd refuses the image archive"
        raise ClusterError(msg)


def _clear(state: State) -> None:
    """Remove the remains of a cluster that was killed or that failed to start.

    Raises:
        ClusterError: The cluster runs.
    """
    if state.record.exists():
        init = record.read(state.record).init
        if init and init.alive:
            msg = f"a cluster already runs in {state.root}: stop it with make cluster-down"
            raise ClusterError(msg)
        _end(state)
    _remove(state)


def _node(state: State) -> tuple[Init, Leash]:
    """Return a new, empty node."""
    for folder in (state.configuration, state.data, state.logs):
        folder.mkdir(parents=True)
    node_record = record.Record(state.number)
    node_record.write(state.record)
    cgroups.make(state.cgroup)
    init, leash = namespaces.create(state.logs / "unshare.log")
    replace(node_record, init=init).write(state.record)
    namespaces.prepare(init, state.data)
    network.connect(state, init)
    return init, leash


def _remove(state: State, keep: Path | None = None) -> None:
    """Remove the files of the cluster, and no other file in its folder."""
    for part in state.parts:
        if part.is_dir() and part != keep:
            shutil.rmtree(part)
        elif part.is_file():
            part.unlink()
    with contextlib.suppress(OSError):
        state.root.rmdir()


def _end(state: State) -> None:
    if not state.record.exists():
        return
    node_record = record.read(state.record)
    old_state = State(state.root, node_record.number)
    if node_record.init:
        node_record.init.kill()
        # The kernel removes the network a moment later.
        waiting.until(lambda: not network.exists(old_state), "the node's network is gone")
    cgroups.remove(old_state.cgroup)
    state.record.unlink()
