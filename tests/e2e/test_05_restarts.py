"""Tests restarts of pods, containers and containerd: the packages come from the cache again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.kubernetes import CORE, INSIDE
from tests.e2e.node import CONTAINER
from tests.e2e.packages import api, configuration, local
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.node import Node
    from tests.e2e.packages import Declarations


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Declarations:
    """Two packages that all scenarios of the file share."""
    folder = tmp_path_factory.mktemp("restarts")
    return {name: local(configuration(folder, name)) for name in ("lasting", "other")}


def test_packages_survive_a_restart_of_containerd_and_a_new_pod(
    crossplane: Crossplane, kubernetes: Kubernetes, node: Node, packages: Declarations
) -> None:
    crossplane.ensure(packages)
    [pod] = kubernetes.pods()
    files = node.loaded_files()
    container = node.container(pod)
    node.cluster.restart("containerd")
    kubernetes.recreate_api("lasting", api("lasting"))
    assert kubernetes.pods() == [pod]
    assert node.container(pod) == container, "the container did not restart"

    kubernetes.kubectl.run_logged("delete", "pod", pod, INSIDE)
    kubernetes.wait_until_pods_ready(1, CORE)
    assert node.loaded_files() == files
    kubernetes.recreate_api("lasting", api("lasting"))
    kubernetes.wait_until_healthy(packages)


def test_another_replica_takes_over_from_a_killed_leader(
    crossplane: Crossplane, kubernetes: Kubernetes, node: Node, packages: Declarations
) -> None:
    crossplane.ensure(packages, {"replicas": 2})
    until(lambda: _absent(crossplane.leader(), kubernetes.pods()), "one of the pods is the leader")
    leader = crossplane.leader()
    [other] = set(kubernetes.pods()) - {leader}
    files = node.loaded_files(other)
    assert len(files) == len(packages)
    assert node.loaded_files(leader) == files, "the copier filled the cache of each pod"

    # The copier does not run again, so the container finds the files of its first run.
    node.kill(other)
    kubernetes.wait_until_value(f"pod/{other}", f"{CONTAINER}.restartCount}}", "1")
    kubernetes.wait_until_ready(f"pod/{other}")
    assert node.loaded_files(other) == files

    # Only the other replica may get the lease, which a killed leader cannot release.
    [name] = kubernetes.names("nodes")
    kubernetes.kubectl("cordon", name)
    try:
        node.kill(leader)
        kubernetes.kubectl.run_logged("delete", "pod", leader, INSIDE)
        until(lambda: _difference(other, crossplane.leader()), f"{other} is the leader")
        kubernetes.recreate_api("lasting", api("lasting"))
        kubernetes.wait_until_healthy(packages)
    finally:
        kubernetes.kubectl("uncordon", name)


def _difference(expected: str, actual: str) -> str | None:
    return None if actual == expected else f"it is {actual}"


def _absent(leader: str, pods: list[str]) -> str | None:
    return None if leader in pods else f"{leader!r} is none of {pods}"
