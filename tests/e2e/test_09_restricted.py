"""A namespace that enforces Pod Security `restricted` and has a ResourceQuota."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tests.e2e.kubernetes import INSIDE, NAMESPACE
from tests.e2e.waiting import until_said
from tests.shared.programs import CHART, Plain

if TYPE_CHECKING:
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declared

LABEL = "pod-security.kubernetes.io/enforce"

PODS = 5
"""Crossplane, its RBAC manager, and the runtimes of two functions and a provider."""

SMALL: Plain = {
    "limits": {"cpu": "500m", "memory": "512Mi"},
    "requests": {"cpu": "10m", "memory": "64Mi"},
}
"""So little that the quota has room for a pod and the one that replaces it."""

HUGE: Plain = {"limits": {"cpu": "500m", "memory": "1Ti"}}


def test_all_pods_are_admitted_to_a_restricted_namespace_with_a_quota(
    crossplane: Crossplane, kubernetes: Kubernetes, fleet: Declared
) -> None:
    values = yaml.safe_load((CHART / "ci" / "restricted-values.yaml").read_text())["crossplane"]
    objects = values.pop("extraObjects")
    values |= {"resourcesCrossplane": SMALL, "resourcesRBACManager": SMALL}
    limited: Declared = {
        name: {**package, "runtimeResources": SMALL} if "runtimeImage" in package else package
        for name, package in fleet.items()
    }
    crossplane.given(limited, values)
    namespace = f"namespace/{NAMESPACE}"
    kubernetes.kubectl("label", namespace, f"{LABEL}=restricted")
    # Not by helm: a rollout of pods from before, that may take all that the quota has, would stop.
    kubernetes.apply(yaml.safe_dump_all(objects))
    try:
        container = {"securityContext": values["securityContextCrossplane"], "resources": HUGE}
        pod = values["podSecurityContextCrossplane"]
        until_said(lambda: refused(kubernetes, pod, container), "the quota counts", "exceeded")
        assert "violates PodSecurity" in refused(kubernetes, {}, {})

        before = kubernetes.names("pods")
        kubernetes.kubectl.told("delete", "pods", "--all", INSIDE)
        kubernetes.all_ready(PODS)
        assert before.isdisjoint(kubernetes.names("pods"))
        kubernetes.healthy(fleet)
    finally:
        kubernetes.kubectl("label", namespace, f"{LABEL}-")
        kubernetes.kubectl("delete", "resourcequotas", "--all", INSIDE)


def refused(kubernetes: Kubernetes, pod: Plain, container: dict[str, Plain]) -> str:
    """Return why the namespace does not admit a pod with this securityContext and container."""
    main: Plain = {"name": "main", "image": "example.org/none", **container}
    manifest: Plain = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "refused"},
        "spec": {"securityContext": pod, "containers": [main]},
    }
    options = ["--dry-run=server", INSIDE, "--filename=-"]
    ended = kubernetes.kubectl.ended("create", *options, stdin=yaml.safe_dump(manifest))
    assert ended.status != 0, "it is admitted"
    return ended.stderr
