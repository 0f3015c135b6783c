"""The KRM function with the real kustomize, and charts that both Helms render."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender import labels
from postrender.manifests import nodes
from postrender.release import chart
from tests.golden import inputs
from tests.shared.paths import ROOT
from tests.shared.programs import CHART, KUBERNETES, SEARCH_PATH, both_helms, output, path_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.programs import Plain

pytestmark = pytest.mark.linux  # tools/build.sh

Objects = dict[tuple[str, str], dict[str, "Plain"]]

FUNCTION = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: function
  annotations:
    config.kubernetes.io/function: "exec: {path: crossplane-devcache}"
"""


@pytest.fixture(scope="module")
def kustomize() -> str:
    """The path of kustomize."""
    build: list[str | Path] = [ROOT / "tools" / "build.sh", "kustomize"]
    return subprocess.run(build, capture_output=True, check=True, encoding="utf-8").stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example, with the upstream chart on disk in place of its repository."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    folder = tmp_path / "examples" / "kustomize"
    with tarfile.open(inputs.chart("2.4")) as archive:
        archive.extractall(folder / "charts", filter="data")
    change(folder, repo=None, version=None)
    return folder


def change(folder: Path, **fields: str | None) -> None:
    """Change fields of the chart in the kustomization."""
    file = folder / "kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text())
    [of_chart] = kustomization["helmCharts"]
    of_chart.update(fields)
    kustomization["helmCharts"] = [{k: v for k, v in of_chart.items() if v}]
    file.write_text(yaml.safe_dump(kustomization))


def build(
    kustomize: str, helm: str, folder: str | Path, cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run `kustomize build`."""
    options = ("--enable-helm", f"--helm-command={path_of(helm)}")
    functions = ("--enable-alpha-plugins", "--enable-exec")
    return subprocess.run(
        [kustomize, "build", *options, *functions, folder],
        cwd=cwd,
        env=os.environ | {"PATH": SEARCH_PATH},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def objects(manifests: str) -> Objects:
    """Return the objects of a stream by kind and name, in their order."""
    by_name: Objects = {}
    for document in filter(None, yaml.load_all(manifests, nodes.LOADER)):
        for item in document["items"] if document["kind"] == "List" else [document]:
            by_name[item["kind"], item["metadata"]["name"]] = item
    return by_name


def filtered(helm: str, folder: Path) -> Objects:
    """Return the objects of the filter, from the same packages."""
    template = ("template", "crossplane", inputs.chart("2.4"), "-n=crossplane-system")
    rendered = output(helm, *template, f"--kube-version={KUBERNETES}")
    config = f"--config={folder / 'devcache.yaml'}"
    result = subprocess.run(
        ["crossplane-devcache", config, "--relative-to-file"],
        input=rendered,
        env=os.environ | {"PATH": SEARCH_PATH},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return objects(result.stdout)


def checksum(output: Objects) -> str:
    """Return the annotation that rolls Crossplane's pod."""
    deployment = nodes.compose(yaml.safe_dump(output["Deployment", "crossplane"]))
    template = nodes.get(deployment, "spec", "template")
    return nodes.text(nodes.get(template, "metadata", "annotations", labels.CHECKSUM))


@both_helms
@pytest.mark.parametrize("place", ["here", "parent", "elsewhere"])
def test_the_objects_are_those_of_the_filter(
    kustomize: str, helm: str, folder: Path, place: str, tmp_path: Path
) -> None:
    name, cwd = {
        "here": (".", folder),
        "parent": ("kustomize", folder.parent),
        "elsewhere": (str(folder), tmp_path),
    }[place]
    result = build(kustomize, helm, name, cwd)
    assert result.returncode == 0, result.stderr
    output, expected = objects(result.stdout), filtered(helm, folder)
    assert set(output) == set(expected)
    config_map = ("ConfigMap", "crossplane-devcache")
    assert output[config_map] == expected[config_map]
    assert checksum(output) == checksum(expected) != ""
    ours = [key for key, value in output.items() if labels.OWNER in yaml.safe_dump(value)]
    assert ours == [
        ("Deployment", "crossplane"),
        config_map,
        ("ImageConfig", "devcache-acme-network"),
        ("ImageConfig", "devcache-platform"),
        ("Configuration", "acme-network"),
        ("Configuration", "platform"),
    ], "the ImageConfigs come before the packages"
    assert all(output[key] == expected[key] for key in ours[1:])
    assert "config.kubernetes.io" not in result.stdout


@both_helms
def test_our_chart_declares_the_packages(kustomize: str, helm: str, folder: Path) -> None:
    shutil.copytree(CHART, folder / "charts" / CHART.name)
    (folder / "devcache.yaml").write_text(FUNCTION)
    values = (ROOT / "examples" / "values.yaml").read_text().replace("examples/", "../")
    (folder / "values.yaml").write_text(values)
    change(folder, name=CHART.name, valuesFile="values.yaml")
    result = build(kustomize, helm, ".", folder)
    assert result.returncode == 0, result.stderr
    output = objects(result.stdout)
    assert {("Configuration", "platform"), ("ConfigMap", "crossplane-devcache")} <= set(output)
    assert not any(kind == "DevCache" for kind, _ in output)


def test_kustomize_shows_the_refusal_and_no_manifests(kustomize: str, folder: Path) -> None:
    shutil.rmtree(folder.parent / "platform")
    result = build(kustomize, "HELM4", ".", folder)
    assert (result.returncode, result.stdout) == (1, "")
    assert "package platform, ../platform: no such file or directory\nhint: " in result.stderr


def test_the_example_has_the_version_of_our_chart() -> None:
    text = (ROOT / "examples" / "kustomize" / "kustomization.yaml").read_text()
    assert f"version: {chart.CROSSPLANE}\n" in text
