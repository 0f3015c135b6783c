"""Inspects and kills the containers of Crossplane on the node."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster
    from tests.e2e.kubernetes import Kubernetes

VOLUMES = "/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~empty-dir"
"""The folder on the node with the emptyDirs of a pod."""

CONTAINER = '{.status.containerStatuses[?(@.name=="crossplane")]'
"""The beginning of a JSONPath into a container's status; append e.g. `.restartCount}`."""

SIDECAR = '{.status.initContainerStatuses[?(@.name=="devcache-live")]'
"""The beginning of a JSONPath into the status of the sidecar of live mode."""

MARK = "crossplane-devcache"
"""A text in each file that the copier wrote, before the compressed package.yaml."""

CTR = ("ctr", "--namespace=k8s.io")
"""The client of containerd, in the namespace of kubelet's containers."""


@dataclass(frozen=True)
class Node:
    """The node of the cluster."""

    cluster: Cluster
    kubernetes: Kubernetes

    def cached_files(self, pod: str = "") -> set[str]:
        """Return the files in the writable cache of a pod, by default of the only pod."""
        folder = self.cache_folder(pod)
        return set(self.cluster.run("find", folder, "-type", "f", "-printf", "%P\\n").splitlines())

    def loaded_files(self, pod: str = "") -> set[str]:
        """Return the cached files that the copier wrote; Crossplane may have pulled the others."""
        cache = self.cache_folder(pod)
        output = self.cluster.run("grep", "--recursive", "--files-with-matches", MARK, cache)
        return {path.removeprefix(f"{cache}/") for path in output.splitlines()}

    def cache_folder(self, pod: str = "") -> str:
        """Return the folder of the writable cache of a pod, by default of the only pod."""
        pods = [pod] if pod else self.kubernetes.pods()
        assert len(pods) == 1, f"one pod of Crossplane, not {pods}"
        return f"{VOLUMES.format(uid=self._uid(pods[0]))}/package-cache"

    def container(self, pod: str) -> str:
        """Return the id of Crossplane's container in a pod."""
        status = self.kubernetes.read(f"pod/{pod}", f"{CONTAINER}.containerID}}")
        return status.removeprefix("containerd://")

    def pid(self) -> str:
        """Return the id of the first process in the only container of Crossplane."""
        [pod] = self.kubernetes.pods()
        return self._pid(self.container(pod))

    def cpu(self, pod: str) -> float:
        """Return the processor time of the sidecar in a pod, in seconds."""
        status = self.kubernetes.read(f"pod/{pod}", f"{SIDECAR}.containerID}}")
        pid = self._pid(status.removeprefix("containerd://"))
        children = self.cluster.run("cat", f"/proc/{pid}/task/{pid}/children").split()
        stats = self.cluster.run("cat", *(f"/proc/{task}/stat" for task in (pid, *children)))
        ticks = (line.rpartition(")")[2].split()[11:15] for line in stats.splitlines())
        return sum(int(tick) for row in ticks for tick in row) / os.sysconf("SC_CLK_TCK")

    def _pid(self, container: str) -> str:
        rows = self.cluster.run(*CTR, "tasks", "list").splitlines()
        [pid] = [row.split()[1] for row in rows if row.startswith(container)]
        return pid

    def kill(self, pod: str) -> None:
        """Kill the container of Crossplane in a pod, as the kernel does when memory runs out."""
        self._kill(self.container(pod))

    def kill_sandbox(self, pod: str) -> None:
        """Kill the sandbox of a pod; kubelet then restarts the pod with the same volumes."""
        labels = f'labels."io.kubernetes.pod.uid"=={self._uid(pod)}'
        sandbox = f'{labels},labels."io.cri-containerd.kind"==sandbox'
        [container] = self.cluster.run(*CTR, "containers", "list", "--quiet", sandbox).split()
        self._kill(container)

    def _kill(self, container: str) -> None:
        self.cluster.run(*CTR, "tasks", "kill", "--signal=SIGKILL", container)

    def _uid(self, pod: str) -> str:
        return self.kubernetes.read(f"pod/{pod}", "{.metadata.uid}")
