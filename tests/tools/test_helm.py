"""Real Helm 3 and 4 with the post-renderer, on our chart and on the upstream charts."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from postrender.manifests import nodes
from tests.golden import inputs
from tests.shared.paths import ROOT
from tests.shared.programs import (
    CHART,
    KUBERNETES,
    SEARCH_PATH,
    Plain,
    both_helms,
    output,
    path_of,
    run,
)
from tests.shared.releases import CROSSPLANE

pytestmark = pytest.mark.linux  # tools/build.sh

EXAMPLES = ROOT / "examples"
POST_RENDERER = ("--post-renderer", "crossplane-devcache")
CONFIG = (*POST_RENDERER, "--post-renderer-args", f"--config={EXAMPLES / 'devcache.yaml'}")


@pytest.fixture
def plugins(tmp_path: Path) -> dict[str, str]:
    """The environment in which Helm 4 finds the plugin; Helm 3 finds the command on the PATH."""
    command = shutil.which("crossplane-devcache", path=SEARCH_PATH)
    assert command, "the command is installed"
    folder = subprocess.run(
        [command, "plugin-dir"], capture_output=True, check=True, encoding="utf-8"
    ).stdout.strip()
    return {"HELM_PLUGINS": folder, "HELM_CACHE_HOME": str(tmp_path / "cache")}


def template(chart: Path, *arguments: str) -> tuple[str, ...]:
    kubernetes = f"--kube-version={KUBERNETES}"
    return ("template", "crossplane", str(chart), "-n=crossplane-system", kubernetes, *arguments)


def documents(manifests: str) -> dict[tuple[Plain, Plain], dict[str, Plain]]:
    """Return the objects of a stream by kind and name, including those in a List."""
    objects = {}
    for document in filter(None, yaml.load_all(manifests, nodes.LOADER)):
        for item in document["items"] if document["kind"] == "List" else [document]:
            objects[item["kind"], item["metadata"]["name"]] = item
    return objects


@both_helms
def test_our_chart_installs_the_packages(helm: str, plugins: dict[str, str]) -> None:
    values = f"--values={EXAMPLES / 'values.yaml'}"
    arguments = template(CHART, values, *POST_RENDERER)
    objects = documents(output(helm, *arguments, **plugins))
    assert not any(kind == "DevCache" for kind, _ in objects)
    data = objects["ConfigMap", "crossplane-devcache"]["binaryData"]
    assert isinstance(data, dict)
    assert set(data) == {"acme-network.xz", "platform.xz"}
    assert {("Configuration", "platform"), ("Configuration", "acme-network")} <= set(objects)


@both_helms
def test_the_release_mounts_the_config_maps_beside_it(
    helm: str, plugins: dict[str, str], tmp_path: Path
) -> None:
    apart = tmp_path / "apart.yaml"
    apart.write_text("devcache: {payload: apart}\n")
    values = (f"--values={EXAMPLES / 'values.yaml'}", f"--values={apart}")
    printed = subprocess.run(
        ["crossplane-devcache", "payload", *values],
        env={"PATH": SEARCH_PATH},
        cwd=ROOT,
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout
    beside = {name for kind, name in documents(printed) if kind == "ConfigMap"}
    assert len(beside) == 2
    release = output(helm, *template(CHART, *values, *POST_RENDERER), **plugins)
    assert all(release.count(str(name)) == 1 for name in beside), "one volume mounts each"


@both_helms
@pytest.mark.parametrize("line", CROSSPLANE)
def test_the_upstream_charts_work_with_a_config(
    helm: str, line: str, plugins: dict[str, str]
) -> None:
    arguments = template(inputs.chart(line), *CONFIG)
    objects = documents(output(helm, *arguments, **plugins))
    assert {("Configuration", "platform"), ("ConfigMap", "crossplane-devcache")} <= set(objects)


@both_helms
def test_helm_shows_the_refusal_and_no_manifests(helm: str, plugins: dict[str, str]) -> None:
    missing = "--set=devcache.packages.platform.path=./nowhere"
    result = run(helm, *template(CHART, missing, *POST_RENDERER), **plugins)
    assert (result.returncode, result.stdout) == (1, "")
    assert re.search(r"crossplane-devcache: error: .*nowhere.*no such file", result.stderr)
    assert "hint: " in result.stderr


@both_helms
def test_a_removed_package_leaves_no_objects(helm: str, plugins: dict[str, str]) -> None:
    values = f"--values={EXAMPLES / 'values.yaml'}"
    removed = "--set=devcache.packages.acme-network=null"
    only = (
        f"--set=devcache.packages.platform.path={EXAMPLES / 'platform'}",
        "--set=devcache.packages.platform.package=xpkg.example.org/acme/platform:v0.1.0",
    )
    after = output(helm, *template(CHART, values, removed, *POST_RENDERER), **plugins)
    never = output(helm, *template(CHART, *only, *POST_RENDERER), **plugins)
    assert after == never


def test_helm_4_installs_the_plugin_from_its_folder(
    plugins: dict[str, str], tmp_path: Path
) -> None:
    home = {"HELM_DATA_HOME": str(tmp_path / "data"), "HELM_CACHE_HOME": str(tmp_path / "cache")}
    output("HELM4", "plugin", "install", plugins["HELM_PLUGINS"], **home)
    assert "crossplane-devcache" in output("HELM4", "plugin", "list", **home)
    arguments = template(CHART, *POST_RENDERER)
    assert "devcache-copier" in output("HELM4", *arguments, **home)


def dry_run(chart: Path, *arguments: str) -> tuple[str, ...]:
    return ("install", "xp", str(chart), "-n=xp-system", "--dry-run=client", *arguments)


def test_helm_4_dry_run_of_an_install_has_the_packages(plugins: dict[str, str]) -> None:
    values = f"--values={EXAMPLES / 'values.yaml'}"
    rendered = output("HELM4", *dry_run(CHART, values, *POST_RENDERER), **plugins)
    assert "devcache-copier" in rendered
    assert "kubectl wait" in rendered, "NOTES.txt shows the next step"


@pytest.mark.parametrize("line", CROSSPLANE)
def test_helm_4_dry_run_of_an_upstream_chart(line: str, plugins: dict[str, str]) -> None:
    arguments = dry_run(inputs.chart(line), *CONFIG)
    assert "devcache-copier" in output("HELM4", *arguments, **plugins)


@both_helms
@pytest.mark.parametrize("line", CROSSPLANE)
def test_the_upstream_charts_pass_lint(helm: str, line: str) -> None:
    assert "0 chart(s) failed" in output(helm, "lint", inputs.chart(line))


@pytest.mark.parametrize("major", ["3", "4"])
@pytest.mark.parametrize("name", inputs.CASES)
def test_the_golden_inputs_are_helms_output(name: str, major: str, tmp_path: Path) -> None:
    line, *arguments = inputs.CASES[name]
    rendered = inputs.rendered(
        Path(path_of(f"HELM{major}")), inputs.chart(line), *arguments, folder=tmp_path
    )
    assert rendered == (inputs.HERE / name / f"input-helm{major}.yaml").read_text(), "make goldens"


def test_helm_3_takes_no_output_of_a_post_renderer_for_an_empty_release() -> None:
    # Therefore docs/front-ends.md warns of Skaffold, which hides the failure of a post-renderer.
    assert output("HELM3", *template(CHART, "--post-renderer=true")).strip() == ""
