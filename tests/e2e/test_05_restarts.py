"""Pods, containers and containerd that end: the packages are there again, from the cache."""

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
    from tests.e2e.packages import Declared


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    """Two packages, the same in all scenarios here."""
    folder = tmp_path_factory.mktemp("restarts")
    return {name: local(configuration(folder, name)) for name in ("lasting", "other")}


def test_packages_survive_a_restart_of_containerd_and_a_new_pod(
    crossplane: Crossplane, kubernetes: Kubernetes, node: Node, packages: Declared
) -> None:
    crossplane.given(packages)
    [pod] = kubernetes.pods()
    loaded = node.loaded()
    running = node.container(pod)
    node.cluster.restart("containerd")
    kubernetes.made_anew("lasting", api("lasting"))
    assert kubernetes.pods() == [pod]
    assert node.container(pod) == running, "its container has run all the time"

    kubernetes.kubectl.told("delete", "pod", pod, INSIDE)
    kubernetes.all_ready(1, CORE)
    assert node.loaded() == loaded
    kubernetes.made_anew("lasting", api("lasting"))
    kubernetes.healthy(packages)


def test_another_replica_takes_over_from_a_killed_leader(
    crossplane: Crossplane, kubernetes: Kubernetes, node: Node, packages: Declared
) -> None:
    crossplane.given(packages, {"replicas": 2})
    until(lambda: _absent(crossplane.leader(), kubernetes.pods()), "one of the pods is the leader")
    leader = crossplane.leader()
    [other] = set(kubernetes.pods()) - {leader}
    loaded = node.loaded(other)
    assert len(loaded) == len(packages)
    assert node.loaded(leader) == loaded, "each pod has its own cache, filled"

    # The copier does not run again, so what the container finds is what it left.
    node.kill(other)
    kubernetes.becomes(f"pod/{other}", f"{CONTAINER}.restartCount}}", "1")
    kubernetes.ready(f"pod/{other}")
    assert node.loaded(other) == loaded

    # Nobody but the other may come to the lease, that a killed leader cannot give back.
    [name] = kubernetes.names("nodes")
    kubernetes.kubectl("cordon", name)
    try:
        node.kill(leader)
        kubernetes.kubectl.told("delete", "pod", leader, INSIDE)
        until(lambda: _not(other, crossplane.leader()), f"{other} is the leader")
        kubernetes.made_anew("lasting", api("lasting"))
        kubernetes.healthy(packages)
    finally:
        kubernetes.kubectl("uncordon", name)


def _not(wanted: str, found: str) -> str | None:
    return None if found == wanted else f"it is {found}"


def _absent(leader: str, pods: list[str]) -> str | None:
    return None if leader in pods else f"{leader!r} is not of {pods}"
