"""Crossplane's containers, and the files in them, as the node sees them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster
    from tests.e2e.kubernetes import Kubernetes

VOLUMES = "/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~empty-dir"
"""Where kubelet keeps the emptyDirs of a pod."""

CONTAINER = '{.status.containerStatuses[?(@.name=="crossplane")]'
"""The JSONPath of a container's status, to be gone on with: `.restartCount}`."""

SIDECAR = '{.status.initContainerStatuses[?(@.name=="devcache-live")]'
"""The same of the sidecar's, in live mode."""

MARK = "crossplane-devcache"
"""What stands in each file that the copier wrote, before the compressed package.yaml."""

CTR = ("ctr", "--namespace=k8s.io")
"""The client of containerd, for what kubelet made."""


@dataclass(frozen=True)
class Node:
    """The node of the run's cluster."""

    cluster: Cluster
    kubernetes: Kubernetes

    def cached(self, pod: str = "") -> set[str]:
        """Return the files in the writable cache of a pod, the only one if none is named."""
        folder = self.cache(pod)
        return set(self.cluster.run("find", folder, "-type", "f", "-printf", "%P\\n").splitlines())

    def loaded(self, pod: str = "") -> set[str]:
        """Return those of them that the copier wrote; Crossplane may have pulled the others."""
        cache = self.cache(pod)
        found = self.cluster.run("grep", "--recursive", "--files-with-matches", MARK, cache)
        return {path.removeprefix(f"{cache}/") for path in found.splitlines()}

    def cache(self, pod: str = "") -> str:
        """Return the folder that is the writable cache of a pod, the only one if none is named."""
        pods = [pod] if pod else self.kubernetes.pods()
        assert len(pods) == 1, f"one pod of Crossplane, not {pods}"
        return f"{VOLUMES.format(uid=self._uid(pods[0]))}/package-cache"

    def container(self, pod: str) -> str:
        """Return the id of Crossplane's container in a pod."""
        status = self.kubernetes.read(f"pod/{pod}", f"{CONTAINER}.containerID}}")
        return status.removeprefix("containerd://")

    def pid(self) -> str:
        """Return the id of the first process of the only container of Crossplane."""
        [pod] = self.kubernetes.pods()
        return self._pid(self.container(pod))

    def cpu(self, pod: str) -> float:
        """Return the seconds of processor time that the sidecar in a pod has taken."""
        status = self.kubernetes.read(f"pod/{pod}", f"{SIDECAR}.containerID}}")
        pid = self._pid(status.removeprefix("containerd://"))
        children = self.cluster.run("cat", f"/proc/{pid}/task/{pid}/children").split()
        stats = self.cluster.run("cat", *(f"/proc/{each}/stat" for each in (pid, *children)))
        ticks = (line.rpartition(")")[2].split()[11:15] for line in stats.splitlines())
        return sum(int(one) for each in ticks for one in each) / os.sysconf("SC_CLK_TCK")

    def _pid(self, container: str) -> str:
        rows = self.cluster.run(*CTR, "tasks", "list").splitlines()
        [pid] = [row.split()[1] for row in rows if row.startswith(container)]
        return pid

    def kill(self, pod: str) -> None:
        """Kill the container of Crossplane in a pod, as the kernel does for want of memory."""
        self._kill(self.container(pod))

    def kill_sandbox(self, pod: str) -> None:
        """Kill what holds a pod together: kubelet starts it anew, on the same volumes."""
        labels = f'labels."io.kubernetes.pod.uid"=={self._uid(pod)}'
        sandbox = f'{labels},labels."io.cri-containerd.kind"==sandbox'
        [found] = self.cluster.run(*CTR, "containers", "list", "--quiet", sandbox).split()
        self._kill(found)

    def _kill(self, container: str) -> None:
        self.cluster.run(*CTR, "tasks", "kill", "--signal=SIGKILL", container)

    def _uid(self, pod: str) -> str:
        return self.kubernetes.read(f"pod/{pod}", "{.metadata.uid}")
