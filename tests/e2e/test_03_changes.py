"""Tests packages that change, leave and return."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.e2e.kubernetes import KINDS, REVISIONS, SETTINGS, field_type
from tests.e2e.packages import api, configuration, local
from tests.e2e.waiting import until
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declarations

FLEET = ROOT / "examples" / "fleet"

OURS = "app.kubernetes.io/part-of=crossplane-devcache"


@pytest.mark.smoke
def test_a_changed_package_is_read_again_and_rolled_back(
    crossplane: Crossplane, kubernetes: Kubernetes, fleet: Declarations, tmp_path: Path
) -> None:
    crossplane.ensure(fleet)
    before = kubernetes.packages()["fleet"].revision
    kubernetes.kubectl("apply", f"--filename={FLEET}/examples")
    kubernetes.wait_until_ready("xfleets/example")

    new_declaration = {**fleet["fleet"], "path": str(with_an_owner(tmp_path))}
    crossplane.deploy({**fleet, "fleet": new_declaration})
    kubernetes.wait_until_value("crd/xfleets.fleet.example.org", field_type("owner"), "string")
    kubernetes.wait_until_healthy(fleet)
    after = kubernetes.packages()["fleet"].revision
    if crossplane.line.at_least >= (2, 2):
        assert after != before, "a new digest creates a new revision, with any tag"
    else:
        assert after == before, "the revision is named after the tag"
    kubernetes.wait_until_ready("xfleets/example")
    example = yaml.safe_load((FLEET / "examples" / "fleet.yaml").read_text())
    example["spec"] |= {"owner": "someone", "zones": ["a", "b", "c"]}
    # The API server serves a changed CRD a moment after it stores it.
    until(lambda: _rejection(kubernetes, yaml.safe_dump(example)), "the new field is accepted")
    kubernetes.wait_until_value("xfleets/example", "{.status.zones}", "3")
    kubernetes.wait_until_ready("xfleets/example")

    crossplane.rollback()
    kubernetes.wait_until_value("crd/xfleets.fleet.example.org", field_type("owner"), "")
    kubernetes.wait_until_healthy(fleet)
    assert kubernetes.packages()["fleet"].revision == before
    kubernetes.wait_until_ready("xfleets/example")
    kubernetes.kubectl("delete", "xfleets/example")


def with_an_owner(folder: Path) -> Path:
    """Copy examples/fleet, add a field to its API, and return the copy."""
    copy = folder / "fleet"
    shutil.copytree(FLEET, copy)
    file = copy / "apis" / "definition.yaml"
    definition = yaml.safe_load(file.read_text())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["owner"] = {"type": "string"}
    file.write_text(yaml.safe_dump(definition))
    return copy


def _rejection(kubernetes: Kubernetes, manifest: str) -> str | None:
    """Apply a manifest, and return the error of kubectl, or None."""
    result = kubernetes.kubectl.run("apply", "--filename=-", stdin=manifest)
    return result.stderr if result.status != 0 else None


@pytest.mark.smoke
def test_a_removed_package_leaves_no_objects(
    crossplane: Crossplane, kubernetes: Kubernetes, fleet: Declarations, tmp_path: Path
) -> None:
    stays: Declarations = {"stays": local(configuration(tmp_path, "stays"))}
    leaves: Declarations = {
        "leaves": local(configuration(tmp_path, "leaves")),
        "acme-function-zones": fleet["acme-function-zones"],
    }
    crossplane.ensure({**stays, **leaves})
    uid = kubernetes.read(f"crd/{api('stays')}", "{.metadata.uid}")

    crossplane.deploy(stays)
    kubernetes.wait_until_gone(f"crd/{api('leaves')}")
    until(lambda: _other_resources(kubernetes, "stays"), "only the package `stays` remains")
    kubernetes.wait_until_healthy(stays)
    assert kubernetes.read(f"crd/{api('stays')}", "{.metadata.uid}") == uid

    crossplane.deploy({})
    kubernetes.wait_until_gone(f"crd/{api('stays')}")
    until(lambda: _other_resources(kubernetes), "no package remains")
    assert kubernetes.names("configmaps", selector=OURS) == {"crossplane-devcache"}
    contents = kubernetes.read("configmap/crossplane-devcache", "{.binaryData}{.data.index}")
    assert contents.strip() == ""
    kubernetes.wait_until_value("deployment/crossplane", "{.status.availableReplicas}", "1")
    [pod] = kubernetes.pods()
    assert "devcache-copier" in kubernetes.read(f"pod/{pod}", "{.spec.initContainers[*].name}")


def _other_resources(kubernetes: Kubernetes, package: str = "") -> str | None:
    """Return the names of the resources of other packages, or None.

    They are package objects, settings, revisions and pods.

    Args:
        kubernetes: The cluster.
        package: The package whose resources do not count.
    """
    objects = kubernetes.names(*KINDS) - {package}
    settings = kubernetes.names(*SETTINGS, selector=OURS) - {f"devcache-{package}"}
    current_revisions = kubernetes.names(
        *REVISIONS, selector=f"pkg.crossplane.io/package={package}"
    )
    revisions = kubernetes.names(*REVISIONS) - current_revisions
    runtimes = kubernetes.names("pods", selector="pkg.crossplane.io/revision")
    return " ".join(sorted(objects | settings | revisions | runtimes)) or None
