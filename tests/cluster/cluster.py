"""A cluster: taken up, used, taken down."""

from __future__ import annotations

import contextlib
import shutil
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
    """A cluster that this process took up."""

    at: State
    kubectl: Path
    """The program."""

    init: Init
    leash: Leash
    daemons: Mapping[str, Daemon]
    """What runs on the node beside pods, by name."""

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.at.kubeconfig

    @property
    def registry(self) -> str:
        """Host and port of the registry on the node, which speaks plain http."""
        return self.at.registry

    def run(self, *command: str) -> str:
        """Run a command on the node as root, and return what it prints.

        Raises:
            ClusterError: It fails; with what it said.
        """
        return namespaces.run(self.init, *command)

    def folder(self, name: str) -> Path:
        """Make an empty folder that pods of any user can write to, by its path on the node."""
        folder = self.at.volumes / name
        folder.mkdir(parents=True)
        folder.chmod(0o777)  # whatever the umask is
        return folder

    def restart(self, name: str) -> None:
        """Stop and start a daemon, and return when it serves; pods run on, also meanwhile."""
        daemon = self.daemons[name]
        daemon.stop()
        daemon.start()
        daemon.ready()

    def log(self, name: str) -> str:
        """Return what a daemon has printed so far.

        That of `docker-registry` has a line for each request, in Apache's combined format, among
        lines that begin with `time=`.
        """
        return self.daemons[name].log.read_text(errors="replace")

    def down(self) -> None:
        """Take it down, and remove all that is left of it."""
        down(self.at)
        self.leash.drop()
        for daemon in self.daemons.values():
            if daemon.running:
                daemon.running.wait()


def up(
    at: State,
    kubernetes: str,
    releases: Sequence[str],
    extra_images: Sequence[Image] = (),
    *,
    tied: bool = False,
) -> Cluster:
    """Take a cluster up.

    Args:
        at: Where it is; there must be none of another cluster.
        kubernetes: The release line of Kubernetes, such as `1.34`.
        releases: The versions of Crossplane whose images it gets, such as `2.4.2`.
        extra_images: More images that it gets.
        tied: It ends with this process, whatever ends that. Otherwise it runs on.

    Raises:
        ClusterError: It cannot be; nothing is left of it but the logs.
    """
    programs.check()
    _clear(at)
    network.check(at)
    cgroups.check(at.cgroup)
    own = [images.busybox(programs.busybox()), *map(crossplane.image, releases), *extra_images]
    built = programs.built(f"kubernetes-{kubernetes}"), programs.built("coredns")
    parts = Parts(kubernetes, *built, own)
    namespaces.check(at.root, parts.kubernetes, parts.coredns)
    try:
        init, leash = _node(at)
        daemons = boot(at, init, parts)
        if not tied:
            leash.release()
    except BaseException:
        _end(at)
        _remove(at, but=at.logs)
        raise
    return Cluster(at, parts.kubernetes / "kubectl", init, leash, daemons)


def down(at: State) -> None:
    """Take the cluster down, if it is up, and remove all that is left of it."""
    _end(at)
    _remove(at)


def _clear(at: State) -> None:
    """Remove what is left of a cluster that was killed, or that could not be taken up.

    Raises:
        ClusterError: It runs.
    """
    if at.record.exists():
        init = record.read(at.record).init
        if init and init.alive:
            msg = f"a cluster is up already (make cluster-down): {at.root}"
            raise ClusterError(msg)
        _end(at)
    _remove(at)


def _node(at: State) -> tuple[Init, Leash]:
    """Return a new, empty node."""
    for folder in (at.configuration, at.data, at.logs):
        folder.mkdir(parents=True)
    left = record.Record(at.number)
    left.write(at.record)
    cgroups.make(at.cgroup)
    init, leash = namespaces.create(at.logs / "unshare.log")
    replace(left, init=init).write(at.record)
    namespaces.furnish(init, at.data)
    network.lay(at, init)
    return init, leash


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
    was = State(at.root, left.number)
    if left.init:
        left.init.kill()
        # The kernel takes the network apart a moment later.
        waiting.until(lambda: not network.laid(was), "the node's network is gone")
    cgroups.remove(was.cgroup)
    at.record.unlink()
