"""Tests dependencies on packages in a registry and on local packages, and a shared object."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e.kubernetes import KINDS, REVISIONS, field_type
from tests.e2e.packages import Dependency, api, configuration, local, publish_dependencies
from tests.e2e.waiting import until, until_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.node import Node
    from tests.e2e.registry import Registry


@pytest.mark.smoke
def test_a_package_of_a_registry_is_pulled_into_the_writable_cache(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    node: Node,
    registry: Registry,
    tmp_path: Path,
) -> None:
    demo = configuration(
        tmp_path, "demo", publish_dependencies(registry, crossplane.line, tmp_path)
    )
    crossplane.ensure({"demo": local(demo)})
    kubernetes.wait_until_healthy(["demo", "acme-storage", "acme-ready"])
    [_] = node.loaded_files()
    pulled_files = " ".join(node.cached_files() - node.loaded_files())
    assert "storage" in pulled_files, "Crossplane pulled it"
    assert "ready" in pulled_files, "Crossplane pulled it"


@pytest.mark.smoke
def test_a_local_package_satisfies_the_range_of_a_dependency(
    crossplane: Crossplane, kubernetes: Kubernetes, registry: Registry, tmp_path: Path
) -> None:
    # The registry has the same source and tag with different contents.
    repository = f"acme/base-{crossplane.line}".replace(".", "-")
    # The resolver's name: it may resolve the dependency before the Lock has the local package.
    base = repository.replace("/", "-")
    elsewhere = configuration(tmp_path / "elsewhere", "base", field="published")
    registry.publish(elsewhere, repository, "v0.3.0")
    package = configuration(tmp_path, "base", field="local")
    declaration = {**local(package), "package": f"{registry.address}/{repository}:v0.3.0"}
    near = configuration(
        tmp_path, "near", [Dependency(f"{registry.address}/{repository}", ">=v0.1.0, <v1.0.0")]
    )
    far = configuration(
        tmp_path, "far", [Dependency(f"{registry.address}/{repository}", ">=v9.0.0")]
    )
    # A running Crossplane could pull the package from the registry.
    crossplane.ensure_installed()
    crossplane.ensure({base: declaration, "near": local(near), "far": local(far)}, failing=["far"])
    until_text(
        lambda: kubernetes.messages(REVISIONS[0], selector="pkg.crossplane.io/package=far"),
        "the condition of far explains the conflict",
        "incompatible",
    )
    # A package of an earlier scenario may exist: Crossplane installs a dependency again if it is
    # removed before the packages that depend on it.
    references = kubernetes.values(KINDS[0], "{.spec.package}")
    assert [r for r in references if repository in r] == [declaration["package"]]
    assert kubernetes.read(f"crd/{api('base')}", field_type("local")) == "string"
    # Crossplane lists tags, to find a version for both; and a terminating pod without the local
    # package in its cache requests a digest that the registry does not have. It pulls nothing.
    requests = registry.requests(repository)
    pulls = [r for r in requests if "blobs/" in r or r.endswith("manifests/v0.3.0")]
    assert pulls == []


def test_only_one_of_two_packages_controls_an_object(
    crossplane: Crossplane, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    first = configuration(tmp_path, "shared")  # an API that no other scenario has
    second = tmp_path / "copy"
    shutil.copytree(first, second)
    packages = {"shared": local(first), "copy": local(second)}
    crossplane.ensure(packages, failing=packages)

    def problem() -> str | None:
        states = {name: state.healthy for name, state in kubernetes.packages().items()}
        healthy = [name for name in packages if states.get(name) == "True"]
        return None if len(healthy) == 1 else f"healthy: {healthy}"

    until(problem, "one of the packages is healthy")
    until_text(
        lambda: kubernetes.messages(REVISIONS[0]),
        "a condition of the other explains the conflict",
        "already controlled by",
    )
