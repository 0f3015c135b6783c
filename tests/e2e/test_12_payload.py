"""Tests packages that are too large for a release, in ConfigMaps applied before helm runs."""

from __future__ import annotations

import random
from base64 import b85encode
from typing import TYPE_CHECKING

import pytest

from tests.e2e.kubernetes import CORE, INSIDE, field_type
from tests.e2e.packages import api, configuration, local
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declarations

PAYLOAD = "app.kubernetes.io/component=payload"
LISTED = "configmaps,deployments,replicasets,pods"


@pytest.fixture
def apart(crossplane: Crossplane) -> Iterator[Crossplane]:
    """The release. A scenario moves its packages out of it; the next scenario moves them back."""
    yield crossplane
    crossplane.payload = "release"


def test_packages_outside_the_release_are_installed_changed_rolled_back_and_pruned(
    apart: Crossplane, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    small = configuration(tmp_path, "small")
    declarations: Declarations = {"small": local(small)}
    apart.ensure(declarations)
    declarations = {**declarations, "large": local(large(tmp_path))}
    message = apart.expect_failure(*apart.upgrade(declarations), "--wait").stderr
    assert "set payload: apart" in message

    # Without the ConfigMaps the pod waits, and an event names a missing one. They may come later.
    apart.state, apart.payload = None, "apart"
    apart.helm.run_logged(*apart.upgrade(declarations))
    until(lambda: no_missing_config_map(kubernetes), "an event names a ConfigMap that is missing")
    apply(apart, declarations)
    apart.deploy(declarations)
    kubernetes.wait_until_healthy(declarations)
    before = payload_names(kubernetes)
    assert len(before) == 3, "two parts of the large package, and the small one"
    assert kubernetes.read("configmap/crossplane-devcache", "{.binaryData}") == ""

    configuration(tmp_path, "small", field="owner")
    apply(apart, declarations)
    assert len(payload_names(kubernetes) - before) == 1, (
        "only the changed package has a new ConfigMap"
    )
    apart.deploy(declarations)
    kubernetes.wait_until_value(f"crd/{api('small')}", field_type("owner"), "string")
    kubernetes.wait_until_healthy(declarations)
    new_names = payload_names(kubernetes) - before
    assert prunable(apart, declarations) == set(), "a rollback would need the previous ConfigMap"

    apart.rollback()
    kubernetes.wait_until_value(f"crd/{api('small')}", field_type("owner"), "")
    kubernetes.wait_until_healthy(declarations)
    configuration(tmp_path, "small")
    assert prunable(apart, declarations) == set()
    kubernetes.wait_until_pods_ready(1, CORE)
    forget_rollouts(kubernetes)
    assert prunable(apart, declarations) == new_names
    kubernetes.kubectl("delete", INSIDE, *(f"configmap/{name}" for name in new_names))
    kubernetes.kubectl("delete", "pods", INSIDE, f"--selector={CORE}")
    kubernetes.wait_until_pods_ready(1, CORE)
    kubernetes.recreate_api("small", api("small"))
    assert payload_names(kubernetes) == before

    # Finally, move the package that fits back into the release.
    apart.payload = "release"
    apart.deploy({"small": declarations["small"]})
    kubernetes.wait_until_gone(f"crd/{api('large')}")
    kubernetes.wait_until_healthy(["small"])
    kubernetes.wait_until_pods_ready(
        1, CORE
    )  # the previous pod references the ConfigMaps until it ends
    forget_rollouts(kubernetes)
    assert prunable(apart, declarations) == before
    kubernetes.kubectl("delete", INSIDE, *(f"configmap/{name}" for name in before))


def large(folder: Path) -> Path:
    """Write a Configuration of one API with much noise in comments, and return its directory.

    Compressed, it is too large for a release and for one ConfigMap.
    """
    package = configuration(folder, "large")
    noise = b85encode(random.Random(0).randbytes(1_200_000)).decode()  # noqa: S311 - the same
    with (package / "definition.yaml").open("a") as file:
        file.writelines(f"# {noise[at : at + 100]}\n" for at in range(0, len(noise), 100))
    return package


def apply(crossplane: Crossplane, packages: Declarations) -> None:
    """Apply the ConfigMaps of these packages, as the README says."""
    config = f"--config={crossplane.config(packages)}"
    output = crossplane.devcache.run_logged("payload", config, INSIDE)
    kubectl = crossplane.kubernetes.kubectl
    kubectl.run_logged("apply", "--server-side", INSIDE, "--filename=-", stdin=output)


def prunable(crossplane: Crossplane, packages: Declarations) -> set[str]:
    """Return the names of the ConfigMaps that nothing references anymore."""
    kubectl = crossplane.kubernetes.kubectl
    objects = kubectl.run_logged("get", LISTED, INSIDE, "--output=json")
    config = f"--config={crossplane.config(packages)}"
    output = crossplane.devcache.run_logged("payload", config, INSIDE, "--prune", stdin=objects)
    return {line.removeprefix("configmap/") for line in output.splitlines()}


def payload_names(kubernetes: Kubernetes) -> set[str]:
    """Return the names of the ConfigMaps beside the release."""
    return kubernetes.names("configmaps", selector=PAYLOAD)


def no_missing_config_map(kubernetes: Kubernetes) -> str | None:
    """Return None if an event names a missing ConfigMap of ours, and the events otherwise."""
    message = " ".join(kubernetes.values("events", "{.message}", fields="reason=FailedMount"))
    return None if 'configmap "crossplane-devcache-' in message else message or "no event"


def forget_rollouts(kubernetes: Kubernetes) -> None:
    """Delete the ReplicaSets without pods, as a Deployment does with all but the last ten."""
    rows = kubernetes.values("replicasets", "{.spec.replicas} {.metadata.name}")
    if names := [row.removeprefix("0 ") for row in rows if row.startswith("0 ")]:
        kubernetes.kubectl("delete", "replicasets", INSIDE, *names)
