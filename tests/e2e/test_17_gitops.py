"""Tests the output of the filter with the engines of Argo CD and Flux, without a post-renderer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cluster import programs
from tests.e2e.commands import Program
from tests.e2e.crossplane import COMMON_VALUES
from tests.e2e.kubernetes import (
    DEFINITIONS,
    INSIDE,
    KINDS,
    NAMESPACE,
    REVISIONS,
    SETTINGS,
    field_type,
)
from tests.e2e.packages import api, configuration, fleet, local
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.cluster import Cluster
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.lines import Line
    from tests.e2e.packages import Declarations
    from tests.e2e.registry import Registry

FUNCTION = "crossplane-contrib-function-auto-ready"
CONFIG_MAP = "configmap/crossplane-devcache"
NAMESPACE_OBJECT = yaml.safe_dump(
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
)

DEFAULT_CONFIG = {"default"}
"""The DeploymentRuntimeConfig that Crossplane creates, and that nobody deletes."""


@pytest.fixture
def packages(registry: Registry, line: Line, tmp_path: Path) -> Declarations:
    """A Configuration, and a Function with a DeploymentRuntimeConfig."""
    functions = {FUNCTION: fleet(registry, line)[FUNCTION]}
    return {"edited": local(configuration(tmp_path, "edited")), **functions}


@pytest.fixture
def empty_cluster(crossplane: Crossplane) -> Iterator[Crossplane]:
    """An empty cluster, before and after the scenario."""
    crossplane.ensure_empty_cluster()
    yield crossplane
    crossplane.ensure_empty_cluster()


@pytest.fixture(scope="session")
def argocd(cluster: Cluster) -> Program:
    """Argo CD's engine."""
    return Program(str(programs.build("gitops-engine")), {"KUBECONFIG": str(cluster.kubeconfig)})


@pytest.fixture
def flux(cluster: Cluster, tmp_path: Path) -> Program:
    """The library of Flux's kustomize-controller, with an empty inventory."""
    environment = {"KUBECONFIG": str(cluster.kubeconfig), "INVENTORIES": str(tmp_path)}
    return Program(str(programs.build("flux-ssa")), environment)


def config_option(crossplane: Crossplane, packages: Declarations, **spec: bool) -> str:
    """Write a DevCache document, and return the option that names it."""
    config = crossplane.config(packages)
    document = yaml.safe_load(config.read_text())
    config.write_text(json.dumps({**document, "spec": {**document["spec"], **spec}}))
    return f"--config={config}"


def template(crossplane: Crossplane, *options: str) -> str:
    """Return the output of `helm template`."""
    values = crossplane.folder / "gitops.yaml"
    values.write_text(json.dumps(COMMON_VALUES))
    chart = ("crossplane", crossplane.upstream, INSIDE, f"--values={values}")
    return crossplane.helm("template", *chart, *options)


def filter_output(
    crossplane: Crossplane, packages: Declarations, part: str = "", **spec: bool
) -> str:
    """Return the output of the filter, as a plugin of Argo CD or a CI job writes it."""
    options = [config_option(crossplane, packages, **spec), *([f"--part={part}"] if part else [])]
    return crossplane.devcache(*options, stdin=template(crossplane))


def require_nothing_of_crossplane(kubernetes: Kubernetes) -> None:
    """Check that no object of the release or of a package is in the cluster."""
    kinds = (*KINDS, *REVISIONS, *SETTINGS, DEFINITIONS, "deployments", "pods")
    until(lambda: " ".join(kubernetes.names(*kinds) - DEFAULT_CONFIG), "no object is left")
    assert not kubernetes.read(CONFIG_MAP, "{.kind}")
    assert not kubernetes.read(f"crd/{api('edited')}", "{.kind}")


def require_edit(kubernetes: Kubernetes, line: Line, field: str, earlier: str) -> None:
    """Check that an edited package is in the cluster, as another revision where it has a digest."""
    kubernetes.wait_until_value(f"crd/{api('edited')}", field_type(field), "string")
    if line.at_least >= (2, 2):
        kubernetes.wait_until_revised("edited", earlier)
    kubernetes.wait_until_healthy(["edited"])


def test_argo_cd_cannot_apply_the_output_without_its_annotations(
    empty_cluster: Crossplane, kubernetes: Kubernetes, packages: Declarations, argocd: Program
) -> None:
    result = argocd.run("sync", NAMESPACE, stdin=filter_output(empty_cluster, packages))
    assert result.status == 1
    assert "SyncFailed pkg.crossplane.io/Configuration" in result.stdout
    assert not kubernetes.names("deployments"), "nothing is applied"


def test_argo_cd_installs_edits_prunes_and_deletes(
    empty_cluster: Crossplane,
    kubernetes: Kubernetes,
    packages: Declarations,
    argocd: Program,
    tmp_path: Path,
) -> None:
    def synchronize(packages: Declarations) -> None:
        argocd.run_logged(
            "sync", NAMESPACE, stdin=filter_output(empty_cluster, packages, argocd=True)
        )

    synchronize(packages)
    kubernetes.wait_until_healthy(packages)
    annotations = kubernetes.read(CONFIG_MAP, "{.metadata.annotations}")
    assert "last-applied-configuration" not in annotations
    pods, revision = kubernetes.pods(), kubernetes.packages()["edited"].revision

    synchronize(packages)
    assert (kubernetes.pods(), kubernetes.packages()["edited"].revision) == (pods, revision)

    configuration(tmp_path, "edited", field="colour")
    synchronize(packages)
    require_edit(kubernetes, empty_cluster.line, "colour", revision)

    synchronize({"edited": packages["edited"]})
    until(lambda: " ".join(kubernetes.names("functions", REVISIONS[1])), "no Function is left")
    assert kubernetes.names(*SETTINGS) <= {"devcache-edited"} | DEFAULT_CONFIG

    argocd.run_logged("delete", NAMESPACE)
    require_nothing_of_crossplane(kubernetes)


def test_argo_cd_installs_the_values_on_an_empty_cluster(
    empty_cluster: Crossplane,
    kubernetes: Kubernetes,
    packages: Declarations,
    argocd: Program,
    tmp_path: Path,
) -> None:
    config = config_option(empty_cluster, packages, argocd=True)
    result = empty_cluster.devcache.run(
        "values", "--objects", config, f"--crossplane={empty_cluster.line.version}"
    )
    if empty_cluster.line.at_least < (2, 2):
        assert result.status == 1
        assert "values can contain packages from Crossplane 2.2 on" in result.stderr
        return
    values = tmp_path / "values.yaml"
    values.write_text(result.stdout)
    argocd.run_logged("sync", NAMESPACE, stdin=template(empty_cluster, f"--values={values}"))
    kubernetes.wait_until_healthy(packages)
    argocd.run_logged("delete", NAMESPACE)
    require_nothing_of_crossplane(kubernetes)


def test_flux_cannot_apply_the_undivided_output(
    empty_cluster: Crossplane, kubernetes: Kubernetes, packages: Declarations, flux: Program
) -> None:
    whole = f"{NAMESPACE_OBJECT}---\n{filter_output(empty_cluster, packages)}"
    result = flux.run("crossplane", NAMESPACE, stdin=whole)
    assert result.status == 1
    assert "no matches for kind" in result.stderr
    assert not kubernetes.names("deployments"), "nothing namespaced is applied"


def test_flux_applies_core_and_then_packages(
    empty_cluster: Crossplane,
    kubernetes: Kubernetes,
    packages: Declarations,
    flux: Program,
    tmp_path: Path,
) -> None:
    def reconcile(packages: Declarations) -> None:
        core = f"{NAMESPACE_OBJECT}---\n{filter_output(empty_cluster, packages, 'core')}"
        flux.run_logged("core", NAMESPACE, stdin=core)
        flux.run_logged(
            "packages", NAMESPACE, stdin=filter_output(empty_cluster, packages, "packages")
        )

    reconcile(packages)
    kubernetes.wait_until_healthy(packages)
    pods, revision = kubernetes.pods(), kubernetes.packages()["edited"].revision

    reconcile(packages)
    assert (kubernetes.pods(), kubernetes.packages()["edited"].revision) == (pods, revision)

    configuration(tmp_path, "edited", field="colour")
    reconcile(packages)
    require_edit(kubernetes, empty_cluster.line, "colour", revision)

    reconcile({"edited": packages["edited"]})
    until(lambda: " ".join(kubernetes.names("functions", REVISIONS[1])), "no Function is left")

    flux.run_logged("packages", NAMESPACE)
    until(lambda: " ".join(kubernetes.names(*KINDS, *REVISIONS, DEFINITIONS)), "no package is left")
    flux.run_logged("core", NAMESPACE)
    require_nothing_of_crossplane(kubernetes)
