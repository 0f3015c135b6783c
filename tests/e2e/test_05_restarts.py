"""Pods, containers and containerd that end: the packages are there again, from the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.crossplane import CONTAINER
from tests.e2e.kubernetes import NAMESPACE
from tests.e2e.packages import ACME, api, configuration
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declared

LEASE = "lease/crossplane-leader-election-core"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    """Two packages, the same in all scenarios here."""
    folder = tmp_path_factory.mktemp("restarts")
    return {
        name: {"path": str(configuration(folder, name)), "package": f"{ACME}/{name}:v0.1.0"}
        for name in ("lasting", "other")
    }


def test_packages_survive_a_restart_of_containerd_and_a_new_pod(
    crossplane: Crossplane, kubernetes: Kubernetes, packages: Declared
) -> None:
    crossplane.given(packages)
    [pod] = kubernetes.pods()
    cached = crossplane.cached()
    running = container(kubernetes, pod)
    crossplane.cluster.restart("containerd")
    kubernetes.made_anew("lasting", api("lasting"))
    assert kubernetes.pods() == [pod]
    assert container(kubernetes, pod) == running, "its container has run all the time"

    kubernetes.kubectl.told("delete", "pod", pod, f"--namespace={NAMESPACE}")
    until(lambda: _unready(kubernetes), "another pod of Crossplane is ready")
    assert crossplane.cached() == cached
    kubernetes.made_anew("lasting", api("lasting"))
    kubernetes.healthy(packages)


def test_another_replica_takes_over_from_a_killed_leader(
    crossplane: Crossplane, kubernetes: Kubernetes, packages: Declared
) -> None:
    crossplane.given(packages, {"replicas": 2})
    until(lambda: _absent(holder(kubernetes), kubernetes.pods()), "one of the pods is the leader")
    leader = holder(kubernetes)
    [other] = set(kubernetes.pods()) - {leader}
    cached = crossplane.cached(other)
    assert len(cached) == len(packages)
    assert crossplane.cached(leader) == cached, "each pod has its own cache, filled"

    # The copier does not run again, so what the container finds is what it left.
    crossplane.kill(other)
    kubernetes.becomes(f"pod/{other}", f"{CONTAINER}.restartCount}}", "1")
    kubernetes.ready(f"pod/{other}")
    assert crossplane.cached(other) == cached

    # Nobody but the other may come to the lease, that a killed leader cannot give back.
    [node] = kubernetes.names("nodes")
    kubernetes.kubectl("cordon", node)
    try:
        crossplane.kill(leader)
        kubernetes.kubectl.told("delete", "pod", leader, f"--namespace={NAMESPACE}")
        until(lambda: _not(other, holder(kubernetes)), f"{other} is the leader")
        kubernetes.made_anew("lasting", api("lasting"))
        kubernetes.healthy(packages)
    finally:
        kubernetes.kubectl("uncordon", node)


def holder(kubernetes: Kubernetes) -> str:
    """Return the name of the pod that is Crossplane's leader."""
    return kubernetes.read(LEASE, "{.spec.holderIdentity}").partition("_")[0]


def container(kubernetes: Kubernetes, pod: str) -> str:
    """Return the id of a pod's running container of Crossplane."""
    return kubernetes.read(f"pod/{pod}", f"{CONTAINER}.containerID}}")


def _not(wanted: str, found: str) -> str | None:
    return None if found == wanted else f"it is {found}"


def _absent(leader: str, pods: list[str]) -> str | None:
    return None if leader in pods else f"{leader!r} is not of {pods}"


def _unready(kubernetes: Kubernetes) -> str | None:
    ready = '{range .items[*].status.conditions[?(@.type=="Ready")]}{.status}{end}'
    found = kubernetes.read("pods", ready, "--selector=app=crossplane")
    return None if found == "True" else found or "there is none"
