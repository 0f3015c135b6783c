"""Tests Pod Security `restricted` with a ResourceQuota, and the users of pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tests.e2e.kubernetes import CORE, INSIDE, NAMESPACE
from tests.e2e.packages import configuration, local
from tests.e2e.waiting import until_text
from tests.shared.programs import CHART, Plain

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declarations

LABEL = "pod-security.kubernetes.io/enforce"

PODS = 5
"""The pods: Crossplane, its RBAC manager, and the runtimes of two functions and a provider."""

SMALL: Plain = {
    "limits": {"cpu": "500m", "memory": "512Mi"},
    "requests": {"cpu": "10m", "memory": "64Mi"},
}
"""Resources so small that the quota admits a pod and its replacement together."""

OPENSHIFT_USER = 1000660000
"""A user in a range that OpenShift could give to a namespace."""

HUGE: Plain = {"limits": {"cpu": "500m", "memory": "1Ti"}}


def test_all_pods_are_admitted_to_a_restricted_namespace_with_a_quota(
    crossplane: Crossplane, kubernetes: Kubernetes, fleet: Declarations
) -> None:
    values = yaml.safe_load((CHART / "ci" / "restricted-values.yaml").read_text())["crossplane"]
    objects = values.pop("extraObjects")
    values |= {"resourcesCrossplane": SMALL, "resourcesRBACManager": SMALL}
    small_packages: Declarations = {
        name: {**package, "runtimeResources": SMALL} if "runtimeImage" in package else package
        for name, package in fleet.items()
    }
    crossplane.ensure(small_packages, values)
    namespace = f"namespace/{NAMESPACE}"
    kubernetes.kubectl("label", namespace, f"{LABEL}=restricted")
    # Do not use helm: older pods may use the whole quota, and then a rollout would block.
    kubernetes.apply(yaml.safe_dump_all(objects))
    try:
        container = {"securityContext": values["securityContextCrossplane"], "resources": HUGE}
        pod = values["podSecurityContextCrossplane"]
        until_text(lambda: rejection(kubernetes, pod, container), "the quota counts", "exceeded")
        assert "violates PodSecurity" in rejection(kubernetes, {}, {})

        before = kubernetes.names("pods")
        kubernetes.kubectl.run_logged("delete", "pods", "--all", INSIDE)
        kubernetes.wait_until_pods_ready(PODS)
        assert before.isdisjoint(kubernetes.names("pods"))
        kubernetes.wait_until_healthy(fleet)
    finally:
        kubernetes.kubectl("label", namespace, f"{LABEL}-")
        kubernetes.kubectl("delete", "resourcequotas", "--all", INSIDE)


def test_crossplane_and_the_copier_run_as_any_user_as_on_openshift(
    crossplane: Crossplane, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    values = yaml.safe_load((CHART / "ci" / "openshift-values.yaml").read_text())["crossplane"]
    # OpenShift chooses a user for each container; here the pod names it for all of them.
    values["podSecurityContextCrossplane"] = {"runAsUser": OPENSHIFT_USER, "runAsNonRoot": True}
    # No other scenario has this package, so it is healthy only if Crossplane has read its cache.
    crossplane.ensure({"anyuser": local(configuration(tmp_path, "anyuser"))}, values)
    kubernetes.wait_until_pods_ready(1, CORE)  # the previous pod may still be terminating
    template = "{.spec.containers[0].securityContext.runAsUser}"
    template += "{.spec.initContainers[-1:].securityContext.runAsUser}"
    [users] = kubernetes.values("pods", template, selector=CORE)
    assert users == str(OPENSHIFT_USER), "only the copier repeats the user of the pod"


def rejection(kubernetes: Kubernetes, pod: Plain, container: dict[str, Plain]) -> str:
    """Return the reason why the namespace rejects a pod with this securityContext and container."""
    main: Plain = {"name": "main", "image": "example.org/none", **container}
    manifest: Plain = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "refused"},
        "spec": {"securityContext": pod, "containers": [main]},
    }
    options = ["--dry-run=server", INSIDE, "--filename=-"]
    result = kubernetes.kubectl.run("create", *options, stdin=yaml.safe_dump(manifest))
    assert result.status != 0, "the namespace admits the pod"
    return result.stderr
