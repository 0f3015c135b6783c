"""Packages that change, leave, and come back."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.e2e.kubernetes import KINDS, REVISIONS, field_type
from tests.e2e.packages import api, configuration, local
from tests.e2e.waiting import until
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declared

FLEET = ROOT / "examples" / "fleet"

OURS = "app.kubernetes.io/part-of=crossplane-devcache"
SETTINGS = ("imageconfigs.pkg.crossplane.io", "deploymentruntimeconfigs.pkg.crossplane.io")
"""What packages need beside their own objects. A release without a kind has none of it."""


@pytest.mark.smoke
def test_a_changed_package_is_read_again_and_rolled_back(
    crossplane: Crossplane, kubernetes: Kubernetes, fleet: Declared, tmp_path: Path
) -> None:
    crossplane.given(fleet)
    before = kubernetes.packages()["fleet"].revision
    kubernetes.kubectl("apply", f"--filename={FLEET}/examples")
    kubernetes.ready("xfleets/example")

    changed = {**fleet["fleet"], "path": str(with_an_owner(tmp_path))}
    crossplane.deploy({**fleet, "fleet": changed})
    kubernetes.becomes("crd/xfleets.fleet.example.org", field_type("owner"), "string")
    kubernetes.healthy(fleet)
    after = kubernetes.packages()["fleet"].revision
    if crossplane.line.at_least >= (2, 2):
        assert after != before, "another digest is another revision, whatever the tag"
    else:
        assert after == before, "the revision is named after the tag"
    kubernetes.ready("xfleets/example")
    example = yaml.safe_load((FLEET / "examples" / "fleet.yaml").read_text())
    example["spec"] |= {"owner": "someone", "zones": ["a", "b", "c"]}
    # The API server serves a changed CRD a moment after it has it.
    until(lambda: _refused(kubernetes, yaml.safe_dump(example)), "the new field is accepted")
    kubernetes.becomes("xfleets/example", "{.status.zones}", "3")
    kubernetes.ready("xfleets/example")

    crossplane.rollback()
    kubernetes.becomes("crd/xfleets.fleet.example.org", field_type("owner"), "")
    kubernetes.healthy(fleet)
    assert kubernetes.packages()["fleet"].revision == before
    kubernetes.ready("xfleets/example")
    kubernetes.kubectl("delete", "xfleets/example")


def with_an_owner(folder: Path) -> Path:
    """Copy examples/fleet, give its API a field, and return the copy."""
    copy = folder / "fleet"
    shutil.copytree(FLEET, copy)
    file = copy / "apis" / "definition.yaml"
    definition = yaml.safe_load(file.read_text())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["owner"] = {"type": "string"}
    file.write_text(yaml.safe_dump(definition))
    return copy


def _refused(kubernetes: Kubernetes, manifest: str) -> str | None:
    """Apply a manifest, and return what kubectl says against it."""
    ended = kubernetes.kubectl.ended("apply", "--filename=-", stdin=manifest)
    return ended.stderr if ended.status != 0 else None


@pytest.mark.smoke
def test_packages_leave_with_all_that_is_theirs(
    crossplane: Crossplane, kubernetes: Kubernetes, fleet: Declared, tmp_path: Path
) -> None:
    stays: Declared = {"stays": local(configuration(tmp_path, "stays"))}
    leaves: Declared = {
        "leaves": local(configuration(tmp_path, "leaves")),
        "acme-function-zones": fleet["acme-function-zones"],
    }
    crossplane.given({**stays, **leaves})
    stayed = kubernetes.read(f"crd/{api('stays')}", "{.metadata.uid}")

    crossplane.deploy(stays)
    kubernetes.gone(f"crd/{api('leaves')}")
    until(lambda: _others(kubernetes, "stays"), "of the packages only `stays` is left")
    kubernetes.healthy(stays)
    assert kubernetes.read(f"crd/{api('stays')}", "{.metadata.uid}") == stayed

    crossplane.deploy({})
    kubernetes.gone(f"crd/{api('stays')}")
    until(lambda: _others(kubernetes), "no package is left")
    assert kubernetes.names("configmaps", selector=OURS) == {"crossplane-devcache"}
    contents = kubernetes.read("configmap/crossplane-devcache", "{.binaryData}{.data.index}")
    assert contents.strip() == ""
    kubernetes.becomes("deployment/crossplane", "{.status.availableReplicas}", "1")
    [pod] = kubernetes.pods()
    assert "devcache-copier" in kubernetes.read(f"pod/{pod}", "{.spec.initContainers[*].name}")


def _others(kubernetes: Kubernetes, package: str = "") -> str | None:
    """Return what there is of packages beside one: objects, settings, revisions and pods."""
    objects = kubernetes.names(*KINDS) - {package}
    settings = kubernetes.names(*SETTINGS, selector=OURS) - {f"devcache-{package}"}
    kept = kubernetes.names(*REVISIONS, selector=f"pkg.crossplane.io/package={package}")
    revisions = kubernetes.names(*REVISIONS) - kept
    runtimes = kubernetes.names("pods", selector="pkg.crossplane.io/revision")
    return " ".join(sorted(objects | settings | revisions | runtimes)) or None
