"""Other ways to run helm: reused values, dry runs, mistakes, and objects that it adopts."""

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
    from tests.e2e.packages import Declared

OWNERS = (
    "{.metadata.labels['app.kubernetes.io/managed-by']}",
    "{.metadata.annotations['meta.helm.sh/release-name']}",
    "{.metadata.annotations['meta.helm.sh/release-namespace']}",
)
"""By what Helm knows an object as one of a release."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    """Two packages, and one whose object is left to the user; the same for all scenarios here."""
    folder = tmp_path_factory.mktemp("helm")
    return {
        "base": local(configuration(folder, "base")),
        "spare": local(configuration(folder, "spare")),
        "apart": {**local(configuration(folder, "apart")), "install": False},
    }


def seen(crossplane: Crossplane) -> dict[str, object]:
    """Return what any change of the release would change."""
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
        # Not their health, which Crossplane may look into just now.
        "packages": {(each.name, each.source) for each in kubernetes.packages().values()},
    }


@pytest.mark.parametrize("where", ["client", "server"])
def test_a_dry_run_shows_the_packages_and_changes_nothing(
    crossplane: Crossplane, packages: Declared, tmp_path: Path, where: str
) -> None:
    crossplane.given(packages)
    before = seen(crossplane)
    more = {**packages, "more": local(configuration(tmp_path, "more"))}
    shown = crossplane.helm.told(*crossplane.upgrade(more), f"--dry-run={where}")
    assert "name: devcache-copier" in shown
    assert "more.xz: " in shown
    assert "kind: Configuration\n" in shown
    assert f"package: {ACME}/more:v0.1.0" in shown
    assert "kind: DevCache" not in shown
    assert seen(crossplane) == before


@pytest.mark.smoke
def test_without_the_post_renderer(crossplane: Crossplane, packages: Declared) -> None:
    crossplane.given(packages)
    before = seen(crossplane)
    upgrade = [
        each
        for each in crossplane.upgrade(packages)
        if each not in POST_RENDERER and not each.startswith("--post-renderer-args")
    ]
    if crossplane.line.ours:
        said = crossplane.refused(*upgrade, "--wait").stderr
        assert 'no matches for kind "DevCache"' in said
        assert "rerun-helm-with---post-renderer-crossplane-devcache" in said
    else:
        # Nothing stops Helm, as the README says: the upgrade would remove the packages.
        shown = crossplane.helm.told(*upgrade, "--dry-run=server")
        assert "kind: Deployment" in shown
        assert "devcache" not in shown
        assert "kind: Configuration\n" not in shown
    assert seen(crossplane) == before


def test_helm_shows_what_is_wrong_with_a_package(
    crossplane: Crossplane, packages: Declared, tmp_path: Path
) -> None:
    crossplane.given(packages)
    before = seen(crossplane)
    missing = {**packages["base"], "path": str(tmp_path / "missing")}
    said = crossplane.refused(*crossplane.upgrade({**packages, "base": missing}), "--wait").stderr
    assert f"{tmp_path}/missing: no such file or directory" in said
    assert "for the filter, from that of helm" in said
    assert seen(crossplane) == before


def test_helm_adopts_an_object_that_was_applied_apart(
    crossplane: Crossplane, kubernetes: Kubernetes, packages: Declared
) -> None:
    crossplane.given(packages)
    config = f"--config={crossplane.config(packages)}"
    release = (f"--crossplane={crossplane.line.version}", INSIDE, "--release=crossplane")
    kubernetes.apply(crossplane.devcache.told("objects", config, *release))
    kubernetes.healthy(packages)
    apart = "configuration.pkg.crossplane.io/apart"
    applied = kubernetes.read(apart, "{.metadata.uid}")

    crossplane.deploy({**packages, "apart": {**packages["apart"], "install": True}})
    kubernetes.healthy(packages)
    assert kubernetes.read(apart, "{.metadata.uid}") == applied
    assert [kubernetes.read(apart, path) for path in OWNERS] == ["Helm", "crossplane", NAMESPACE]

    crossplane.deploy(packages)
    # Helm removes only what is its own.
    kubernetes.gone(apart)


def test_reused_values_keep_the_packages(
    crossplane: Crossplane, kubernetes: Kubernetes, packages: Declared
) -> None:
    crossplane.given(packages)
    before = kubernetes.packages(), kubernetes.pods()
    crossplane.state = None
    again = [each for each in crossplane.upgrade(packages) if not each.startswith("--values")]
    # A value that replaces no pod.
    key = "serviceAccount.customAnnotations.team"
    key = f"crossplane.{key}" if crossplane.line.ours else key
    crossplane.helm.told(*again, "--reuse-values", f"--set={key}=ours", "--wait")
    team = ("serviceaccount/crossplane", "{.metadata.annotations.team}")
    assert kubernetes.read(*team) == "ours"
    assert (kubernetes.packages(), kubernetes.pods()) == before

    if crossplane.line.ours:
        removal = ("--reset-then-reuse-values", "--set=devcache.packages.spare=null")
        crossplane.helm.told(*again, *removal, "--wait")
        kubernetes.gone("configuration.pkg.crossplane.io/spare")
        kubernetes.healthy(["base"])
        assert kubernetes.read(*team) == "ours"
