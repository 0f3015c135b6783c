"""Tests other ways to run helm: reused values, dry runs, mistakes and adopted objects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.crossplane import POST_RENDERER
from tests.e2e.kubernetes import INSIDE, NAMESPACE
from tests.e2e.packages import ACME, configuration, local

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declarations

OWNERS = (
    "{.metadata.labels['app.kubernetes.io/managed-by']}",
    "{.metadata.annotations['meta.helm.sh/release-name']}",
    "{.metadata.annotations['meta.helm.sh/release-namespace']}",
)
"""The JSONPaths of the metadata that assigns an object to a release of Helm."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Declarations:
    """Two packages, and one whose object the user applies; all scenarios of the file share them."""
    folder = tmp_path_factory.mktemp("helm")
    return {
        "base": local(configuration(folder, "base")),
        "spare": local(configuration(folder, "spare")),
        "apart": {**local(configuration(folder, "apart")), "install": False},
    }


def snapshot(crossplane: Crossplane) -> dict[str, object]:
    """Return the state that any change of the release would change."""
    status = ("status", "crossplane", INSIDE, "--output=json")
    release = json.loads(crossplane.helm(*status))
    kubernetes = crossplane.kubernetes
    return {
        "revision": release["version"],
        "status": release["info"]["status"],
        "ConfigMap": kubernetes.read(
            "configmap/crossplane-devcache", "{.metadata.uid} {.metadata.resourceVersion}"
        ),
        "Deployment": kubernetes.read(
            "deployment/crossplane", "{.metadata.uid} {.metadata.generation}"
        ),
        "pods": kubernetes.pods(),
        # The health is not part of the state, because Crossplane may be checking it.
        "packages": {(package.name, package.source) for package in kubernetes.packages().values()},
    }


@pytest.mark.parametrize("where", ["client", "server"])
def test_a_dry_run_shows_the_packages_and_changes_nothing(
    crossplane: Crossplane, packages: Declarations, tmp_path: Path, where: str
) -> None:
    crossplane.ensure(packages)
    before = snapshot(crossplane)
    larger = {**packages, "more": local(configuration(tmp_path, "more"))}
    output = crossplane.helm.run_logged(*crossplane.upgrade(larger), f"--dry-run={where}")
    assert "name: devcache-copier" in output
    assert "more.xz: " in output
    assert "kind: Configuration\n" in output
    assert f"package: {ACME}/more:v0.1.0" in output
    assert "kind: DevCache" not in output
    assert snapshot(crossplane) == before


@pytest.mark.smoke
def test_without_the_post_renderer(crossplane: Crossplane, packages: Declarations) -> None:
    crossplane.ensure(packages)
    before = snapshot(crossplane)
    upgrade = [
        argument
        for argument in crossplane.upgrade(packages)
        if argument not in POST_RENDERER and not argument.startswith("--post-renderer-args")
    ]
    if crossplane.line.ours:
        error = crossplane.expect_failure(*upgrade, "--wait").stderr
        assert 'no matches for kind "DevCache"' in error
        assert "rerun-helm-with---post-renderer-crossplane-devcache" in error
    else:
        # As the README says, nothing stops Helm, and the upgrade would remove the packages.
        output = crossplane.helm.run_logged(*upgrade, "--dry-run=server")
        assert "kind: Deployment" in output
        assert "devcache" not in output
        assert "kind: Configuration\n" not in output
    assert snapshot(crossplane) == before


def test_helm_shows_the_problem_of_a_package(
    crossplane: Crossplane, packages: Declarations, tmp_path: Path
) -> None:
    crossplane.ensure(packages)
    before = snapshot(crossplane)
    missing = {**packages["base"], "path": str(tmp_path / "missing")}
    error = crossplane.expect_failure(
        *crossplane.upgrade({**packages, "base": missing}), "--wait"
    ).stderr
    assert f"{tmp_path}/missing: no such file or directory" in error
    assert "for the filter, from that of helm" in error
    assert snapshot(crossplane) == before


def test_helm_adopts_a_package_object_that_a_user_applied(
    crossplane: Crossplane, kubernetes: Kubernetes, packages: Declarations
) -> None:
    crossplane.ensure(packages)
    config = f"--config={crossplane.config(packages)}"
    release = (f"--crossplane={crossplane.line.version}", INSIDE, "--release=crossplane")
    kubernetes.apply(crossplane.devcache.run_logged("objects", config, *release))
    kubernetes.wait_until_healthy(packages)
    apart = "configuration.pkg.crossplane.io/apart"
    uid = kubernetes.read(apart, "{.metadata.uid}")

    crossplane.deploy({**packages, "apart": {**packages["apart"], "install": True}})
    kubernetes.wait_until_healthy(packages)
    assert kubernetes.read(apart, "{.metadata.uid}") == uid
    assert [kubernetes.read(apart, path) for path in OWNERS] == ["Helm", "crossplane", NAMESPACE]

    crossplane.deploy(packages)
    # Helm removes only objects of the release.
    kubernetes.wait_until_gone(apart)


def test_reused_values_keep_the_packages(
    crossplane: Crossplane, kubernetes: Kubernetes, packages: Declarations
) -> None:
    crossplane.ensure(packages)
    before = kubernetes.packages(), kubernetes.pods()
    crossplane.state = None
    arguments = [
        argument for argument in crossplane.upgrade(packages) if not argument.startswith("--values")
    ]
    # This value replaces no pod.
    key = "serviceAccount.customAnnotations.team"
    key = f"crossplane.{key}" if crossplane.line.ours else key
    crossplane.helm.run_logged(*arguments, "--reuse-values", f"--set={key}=ours", "--wait")
    team = ("serviceaccount/crossplane", "{.metadata.annotations.team}")
    assert kubernetes.read(*team) == "ours"
    assert (kubernetes.packages(), kubernetes.pods()) == before

    if crossplane.line.ours:
        removal = ("--reset-then-reuse-values", "--set=devcache.packages.spare=null")
        crossplane.helm.run_logged(*arguments, *removal, "--wait")
        kubernetes.wait_until_gone("configuration.pkg.crossplane.io/spare")
        kubernetes.wait_until_healthy(["base"])
        assert kubernetes.read(*team) == "ours"
