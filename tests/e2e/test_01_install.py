"""One helm command on an empty cluster, without any registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.packages import FLEET
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declared
    from tests.e2e.registry import Registry


@pytest.mark.smoke
def test_local_packages_are_healthy_and_no_registry_was_asked(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    registry: Registry,
    fleet: Declared,
) -> None:
    crossplane.given_nothing()
    crossplane.deploy(fleet)
    kubernetes.healthy(fleet)
    # Pods reach one registry only; one package seems to come from there.
    assert registry.asked(FLEET) == []


def test_an_api_of_local_packages_works(
    crossplane: Crossplane, kubernetes: Kubernetes, fleet: Declared
) -> None:
    crossplane.given(fleet)
    kubernetes.kubectl("apply", "--filename=examples/fleet/examples")
    kubernetes.ready("xfleets/example")
    assert len(kubernetes.names("clusternopresources")) == 2, "the function made one for each zone"
    kubernetes.kubectl("delete", "--filename=examples/fleet/examples")
    until(lambda: " ".join(kubernetes.names("clusternopresources")), "all that it made is gone")
