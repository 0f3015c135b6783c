"""Packages that depend on others: in a registry, and local ones by a range of versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e import packages
from tests.e2e.packages import ACME, Dependency, configuration, published
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.registry import Registry


def test_what_only_a_registry_has_is_pulled_into_the_writable_cache(
    crossplane: Crossplane, kubernetes: Kubernetes, registry: Registry, tmp_path: Path
) -> None:
    depends = published(registry, crossplane.line, tmp_path)
    demo = configuration(tmp_path, "demo", depends)
    crossplane.given({"demo": {"path": str(demo), "package": f"{ACME}/demo:v0.1.0"}})
    kubernetes.healthy(["demo", "acme-storage", "acme-ready"])
    assert len(crossplane.cached()) == 3, "the local package, and two that Crossplane wrote"


def test_a_local_dependency_is_found_by_a_range(
    crossplane: Crossplane, kubernetes: Kubernetes, registry: Registry, tmp_path: Path
) -> None:
    # The registry has the same source and tag, with other content.
    repository = f"acme/base-{crossplane.line}".replace(".", "-")
    # Named as the resolver would, which may look before the local one is in the Lock.
    base = repository.replace("/", "-")
    elsewhere = configuration(tmp_path / "elsewhere", "base", field="published")
    registry.publish(elsewhere, repository, "v0.3.0")
    local = configuration(tmp_path, "base", field="local")
    near = configuration(
        tmp_path, "near", [Dependency(f"{registry.at}/{repository}", ">=v0.1.0, <v1.0.0")]
    )
    far = configuration(tmp_path, "far", [Dependency(f"{registry.at}/{repository}", ">=v9.0.0")])
    declared = {"path": str(local), "package": f"{registry.at}/{repository}:v0.3.0"}
    # A Crossplane that runs could take what the registry has.
    crossplane.given({})
    crossplane.given(
        {
            base: declared,
            "near": {"path": str(near), "package": f"{ACME}/near:v0.1.0"},
            "far": {"path": str(far), "package": f"{ACME}/far:v0.1.0"},
        },
        failing=["far"],
    )
    until(lambda: _says_incompatible(kubernetes), "the condition of far says what is wrong")
    assert kubernetes.names("configurations.pkg.crossplane.io") == {base, "near", "far"}
    fields = kubernetes.read(
        f"crd/{packages.api('base')}",
        "{.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties}",
    )
    assert '"local"' in fields
    # It is asked for tags, to find a version that suits both; and, by a pod that is going and has
    # the local package not in its cache, for a digest that it does not have. Nothing is pulled.
    asked = registry.asked(repository)
    assert [each for each in asked if "blobs/" in each or each.endswith("manifests/v0.3.0")] == []


def _says_incompatible(kubernetes: Kubernetes) -> str | None:
    said = kubernetes.read(
        "configurationrevisions.pkg.crossplane.io",
        "{.items[*].status.conditions[*].message}",
        "--selector=pkg.crossplane.io/package=far",
    )
    return None if "incompatible" in said else said or "nothing is said"
