"""Tests one helm command on an empty cluster, without a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.packages import FLEET
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declarations
    from tests.e2e.registry import Registry


@pytest.mark.smoke
def test_local_packages_are_healthy_without_a_request_to_a_registry(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    registry: Registry,
    fleet: Declarations,
) -> None:
    crossplane.ensure_empty_cluster()
    crossplane.deploy(fleet)
    kubernetes.wait_until_healthy(fleet)
    # The reference of one package points to the only registry that pods reach.
    assert registry.requests(FLEET) == []


def test_an_api_of_local_packages_works(
    crossplane: Crossplane, kubernetes: Kubernetes, fleet: Declarations
) -> None:
    crossplane.ensure(fleet)
    kubernetes.kubectl("apply", "--filename=examples/fleet/examples")
    kubernetes.wait_until_ready("xfleets/example")
    assert len(kubernetes.names("clusternopresources")) == 2, "the function creates one per zone"
    kubernetes.kubectl("delete", "--filename=examples/fleet/examples")
    until(lambda: " ".join(kubernetes.names("clusternopresources")), "its resources are gone")
