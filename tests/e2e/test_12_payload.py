"""Packages that no release can hold: in ConfigMaps of their own, put there before helm runs."""

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
    from tests.e2e.packages import Declared

PAYLOAD = "app.kubernetes.io/component=payload"
LISTED = "configmaps,deployments,replicasets,pods"


@pytest.fixture
def apart(crossplane: Crossplane) -> Iterator[Crossplane]:
    """The release, whose packages a scenario takes out of it, and in the end back into it."""
    yield crossplane
    crossplane.payload = "release"


def test_what_fits_no_release_is_installed_changed_rolled_back_and_pruned(
    apart: Crossplane, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    small = configuration(tmp_path, "small")
    declared: Declared = {"small": local(small)}
    apart.given(declared)
    declared = {**declared, "large": local(large(tmp_path))}
    said = apart.refused(*apart.upgrade(declared), "--wait").stderr
    assert "set payload: apart" in said

    # Without its ConfigMaps the pod waits, and says for which; they may also come later.
    apart.state, apart.payload = None, "apart"
    apart.helm.told(*apart.upgrade(declared))
    until(lambda: none_is_missing(kubernetes), "an event names a ConfigMap that is missing")
    apply(apart, declared)
    apart.deploy(declared)
    kubernetes.healthy(declared)
    before = there(kubernetes)
    assert len(before) == 3, "two parts of the large package, and the small one"
    assert kubernetes.read("configmap/crossplane-devcache", "{.binaryData}") == ""

    configuration(tmp_path, "small", field="owner")
    apply(apart, declared)
    assert len(there(kubernetes) - before) == 1, "only what changed"
    apart.deploy(declared)
    kubernetes.becomes(f"crd/{api('small')}", field_type("owner"), "string")
    kubernetes.healthy(declared)
    changed = there(kubernetes) - before
    assert prunable(apart, declared) == set(), "a rollback would need the one before"

    apart.rollback()
    kubernetes.becomes(f"crd/{api('small')}", field_type("owner"), "")
    kubernetes.healthy(declared)
    configuration(tmp_path, "small")
    assert prunable(apart, declared) == set()
    forget_rollouts(kubernetes)
    assert prunable(apart, declared) == changed
    kubernetes.kubectl("delete", INSIDE, *(f"configmap/{name}" for name in changed))
    kubernetes.kubectl("delete", "pods", INSIDE, f"--selector={CORE}")
    kubernetes.all_ready(1, CORE)
    kubernetes.made_anew("small", api("small"))
    assert there(kubernetes) == before

    # And back into the release, with what a release can hold.
    apart.payload = "release"
    apart.deploy({"small": declared["small"]})
    kubernetes.gone(f"crd/{api('large')}")
    kubernetes.healthy(["small"])
    forget_rollouts(kubernetes)
    assert prunable(apart, declared) == before
    kubernetes.kubectl("delete", INSIDE, *(f"configmap/{name}" for name in before))


def large(folder: Path) -> Path:
    """Write a Configuration of one API and much noise, which only comments can be, and return it.

    Packed it is more than a release and one ConfigMap can hold.
    """
    package = configuration(folder, "large")
    noise = b85encode(random.Random(0).randbytes(1_200_000)).decode()  # noqa: S311 - the same
    with (package / "definition.yaml").open("a") as file:
        file.writelines(f"# {noise[at : at + 100]}\n" for at in range(0, len(noise), 100))
    return package


def apply(crossplane: Crossplane, packages: Declared) -> None:
    """Put the ConfigMaps of these packages there, as the README says."""
    config = f"--config={crossplane.config(packages)}"
    printed = crossplane.devcache.told("payload", config, INSIDE)
    kubectl = crossplane.kubernetes.kubectl
    kubectl.told("apply", "--server-side", INSIDE, "--filename=-", stdin=printed)


def prunable(crossplane: Crossplane, packages: Declared) -> set[str]:
    """Return the names of the ConfigMaps that nothing references any more."""
    kubectl = crossplane.kubernetes.kubectl
    listed = kubectl.told("get", LISTED, INSIDE, "--output=json")
    config = f"--config={crossplane.config(packages)}"
    printed = crossplane.devcache.told("payload", config, INSIDE, "--prune", stdin=listed)
    return {line.removeprefix("configmap/") for line in printed.splitlines()}


def there(kubernetes: Kubernetes) -> set[str]:
    """Return the names of the ConfigMaps beside the release."""
    return kubernetes.names("configmaps", selector=PAYLOAD)


def none_is_missing(kubernetes: Kubernetes) -> str | None:
    """Return what the events say, unless it is that a ConfigMap of ours is missing."""
    said = " ".join(kubernetes.each("events", "{.message}", fields="reason=FailedMount"))
    return None if 'configmap "crossplane-devcache-' in said else said or "no event"


def forget_rollouts(kubernetes: Kubernetes) -> None:
    """Delete the ReplicaSets without pods, as the Deployment does with all but the last ten."""
    found = kubernetes.each("replicasets", "{.spec.replicas} {.metadata.name}")
    if names := [each.removeprefix("0 ") for each in found if each.startswith("0 ")]:
        kubernetes.kubectl("delete", "replicasets", INSIDE, *names)
