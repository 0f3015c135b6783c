"""Packages that depend on others: in a registry, and local ones by a range of versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.kubernetes import KINDS, REVISIONS, field_type
from tests.e2e.packages import Dependency, api, configuration, local, published
from tests.e2e.waiting import until_said

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.node import Node
    from tests.e2e.registry import Registry


@pytest.mark.smoke
def test_what_only_a_registry_has_is_pulled_into_the_writable_cache(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    node: Node,
    registry: Registry,
    tmp_path: Path,
) -> None:
    demo = configuration(tmp_path, "demo", published(registry, crossplane.line, tmp_path))
    crossplane.given({"demo": local(demo)})
    kubernetes.healthy(["demo", "acme-storage", "acme-ready"])
    [_] = node.loaded()
    written = " ".join(node.cached() - node.loaded())
    assert "storage" in written, "Crossplane pulled it"
    assert "ready" in written, "Crossplane pulled it"


@pytest.mark.smoke
def test_a_local_dependency_is_found_by_a_range(
    crossplane: Crossplane, kubernetes: Kubernetes, registry: Registry, tmp_path: Path
) -> None:
    # The registry has the same source and tag, with other content.
    repository = f"acme/base-{crossplane.line}".replace(".", "-")
    # Named as the resolver would, which may look before the local one is in the Lock.
    base = repository.replace("/", "-")
    elsewhere = configuration(tmp_path / "elsewhere", "base", field="published")
    registry.publish(elsewhere, repository, "v0.3.0")
    package = configuration(tmp_path, "base", field="local")
    declared = {**local(package), "package": f"{registry.at}/{repository}:v0.3.0"}
    near = configuration(
        tmp_path, "near", [Dependency(f"{registry.at}/{repository}", ">=v0.1.0, <v1.0.0")]
    )
    far = configuration(tmp_path, "far", [Dependency(f"{registry.at}/{repository}", ">=v9.0.0")])
    # A Crossplane that runs could take what the registry has.
    crossplane.given_running()
    crossplane.given({base: declared, "near": local(near), "far": local(far)}, failing=["far"])
    until_said(
        lambda: kubernetes.messages(REVISIONS[0], selector="pkg.crossplane.io/package=far"),
        "the condition of far says what is wrong",
        "incompatible",
    )
    # An earlier scenario's package may be there: Crossplane installs a dependency once more when it
    # is removed before what depends on it.
    there = kubernetes.each(KINDS[0], "{.spec.package}")
    assert [each for each in there if repository in each] == [declared["package"]]
    assert kubernetes.read(f"crd/{api('base')}", field_type("local")) == "string"
    # It is asked for tags, to find a version that suits both; and, by a pod that is going and has
    # the local package not in its cache, for a digest that it does not have. Nothing is pulled.
    asked = registry.asked(repository)
    assert [each for each in asked if "blobs/" in each or each.endswith("manifests/v0.3.0")] == []
