"""The scripts of the examples for Argo CD and Flux, run with both majors of Helm."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from postrender.fields import Fields
from postrender.manifests import nodes
from postrender.release.chart import CROSSPLANE
from tests.shared.paths import ROOT
from tests.shared.programs import KUBERNETES, SEARCH_PATH, both_helms, path_of

WAVE = "argocd.argoproj.io/sync-wave"

PACKAGES = [
    ("Configuration", "acme-network"),
    ("Configuration", "platform"),
    ("ImageConfig", "devcache-acme-network"),
    ("ImageConfig", "devcache-platform"),
]


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A copy of the examples."""
    return shutil.copytree(ROOT / "examples", tmp_path / "examples")


def run(
    command: list[str], folder: Path, helm: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command with a helm on the PATH."""
    path = os.pathsep.join([str(Path(path_of(helm)).parent), SEARCH_PATH])
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": path} | variables,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def chart() -> str:
    """Return the path of the upstream chart."""
    return f"{path_of('CHARTS')}/crossplane-{CROSSPLANE}.tgz"


def objects(manifests: str) -> list[Fields]:
    """Return the objects of a stream, with those of Lists."""
    documents = [document for document in yaml.load_all(manifests, nodes.LOADER) if document]
    items = [item for document in documents for item in document.get("items", [document])]
    return [Fields.of(item, path="object", where="") for item in items]


def names(manifests: str) -> list[tuple[str, str]]:
    """Return the kind and the name of each object of a stream, sorted."""
    return sorted(
        (item.text("kind"), item.under("metadata").text("name")) for item in objects(manifests)
    )


def generate(examples: Path, helm: str, chart: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the plugin as Argo CD's sidecar does."""
    [plugin] = yaml.safe_load_all((examples / "argocd/plugin/plugin.yaml").read_text())
    command = plugin["spec"]["generate"]
    return run(
        [*command["command"], *command["args"]],
        examples / "argocd",
        helm,
        ARGOCD_APP_NAME="crossplane",
        ARGOCD_APP_NAMESPACE="crossplane-system",
        ARGOCD_ENV_CHART=chart,
        KUBE_VERSION=KUBERNETES,
    )


@both_helms
def test_the_plugin_generates_objects_with_waves(helm: str, examples: Path) -> None:
    result = generate(examples, helm, chart())
    assert (result.returncode, result.stderr) == (0, "")
    waves = {
        item.text("kind"): item.under("metadata").under("annotations").text(WAVE)
        for item in objects(result.stdout)
    }
    assert (waves["Deployment"], waves["ImageConfig"], waves["Configuration"]) == ("", "1", "2")
    assert set(PACKAGES) < set(names(result.stdout))


@both_helms
def test_the_plugin_fails_without_output_if_helm_fails(helm: str, examples: Path) -> None:
    result = generate(examples, helm, str(examples / "no-chart.tgz"))
    assert (result.returncode, result.stdout) == (1, "")
    assert "there are no manifests on stdin" in result.stderr


@both_helms
def test_the_script_renders_both_parts(helm: str, examples: Path) -> None:
    result = run([str(examples / "flux/render.sh")], examples, helm, CHART=chart())
    assert (result.returncode, result.stderr) == (0, "")
    core, packages = (
        "---\n".join(path.read_text() for path in (examples / "flux/rendered" / part).iterdir())
        for part in ("core", "packages")
    )
    assert names(packages) == PACKAGES
    assert {("Namespace", "crossplane-system"), ("ConfigMap", "crossplane-devcache")} < set(
        names(core)
    )
    assert not any("crossplane.io" in item.text("apiVersion") for item in objects(core))


@both_helms
def test_the_script_leaves_no_part_if_helm_fails(helm: str, examples: Path) -> None:
    result = run([str(examples / "flux/render.sh")], examples, helm, CHART="no-chart.tgz")
    assert result.returncode == 1
    assert not list((examples / "flux/rendered").glob("*/*"))
