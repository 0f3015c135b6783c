"""The files of a release, built by tools/dist.sh and installed as by a user."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml

import postrender
from postrender.manifests import nodes
from tests.golden import inputs
from tests.shared.paths import ROOT
from tests.shared.programs import CHART, KUBERNETES, SEARCH_PATH, output, run
from tests.shared.releases import NEWEST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.programs import Plain

pytestmark = pytest.mark.linux  # tools/build.sh

GOLDEN = ROOT / "tests" / "golden"
EXAMPLES = ROOT / "examples"
VERSION = postrender.__version__


@dataclass(frozen=True)
class Distribution:
    """The files that tools/dist.sh writes into a folder."""

    sdist: Path
    wheel: Path
    plugin: Path
    chart: Path


def succeed(*command: str | Path, **environment: str) -> str:
    """Return the standard output of a command that must succeed."""
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PATH": SEARCH_PATH} | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def build(folder: Path, **environment: str) -> Distribution:
    succeed(ROOT / "tools" / "dist.sh", folder, **environment)
    return Distribution(
        sdist=folder / f"crossplane_devcache-{VERSION}.tar.gz",
        wheel=folder / f"crossplane_devcache-{VERSION}-py3-none-any.whl",
        plugin=folder / f"crossplane-devcache-plugin-{VERSION}.tgz",
        chart=folder / f"crossplane-devcache-{VERSION}.tgz",
    )


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Distribution:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def installed(dist: Distribution, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed from the wheel by pipx."""
    home = tmp_path_factory.mktemp("pipx")
    folders = {"PIPX_HOME": str(home), "PIPX_BIN_DIR": str(home / "bin")}
    constraints = f"--pip-args=--constraint={ROOT / 'constraints.txt'}"
    succeed(sys.executable, "-m", "pipx", "install", constraints, dist.wheel, **folders)
    return home / "bin" / "crossplane-devcache"


def require_filter(command: Path) -> None:
    """Check that the command works without the modules of the checkout."""
    assert succeed(command, "--version") == f"{VERSION}\n"
    result = subprocess.run(
        [command, "--config=devcache.yaml"],
        cwd=GOLDEN,
        input=(GOLDEN / "crossplane-2.4" / "input-helm3.yaml").read_bytes(),
        capture_output=True,
        check=True,
    )
    assert b"devcache-copier" in result.stdout


def test_the_same_commit_gives_the_same_bytes(dist: Distribution, tmp_path: Path) -> None:
    again = build(tmp_path / "again", TZ="Asia/Tokyo", LC_ALL="C", PYTHONHASHSEED="7")
    later = build(tmp_path / "later", SOURCE_DATE_EPOCH="2000000000")
    for name, path in vars(dist).items():
        assert path.read_bytes() == vars(again)[name].read_bytes(), name
        assert path.read_bytes() != vars(later)[name].read_bytes(), f"{name} contains the time"


def test_the_checkout_and_the_sdist_give_the_same_wheel(dist: Distribution, tmp_path: Path) -> None:
    with tarfile.open(dist.sdist) as archive:
        epoch = str(int(archive.getmembers()[0].mtime))
    arguments = ("--no-isolation", "--wheel", "--outdir", tmp_path, ROOT)
    succeed(sys.executable, "-m", "build", *arguments, SOURCE_DATE_EPOCH=epoch)
    assert (tmp_path / dist.wheel.name).read_bytes() == dist.wheel.read_bytes()


def test_every_link_of_the_description_works_on_pypi(dist: Distribution) -> None:
    with zipfile.ZipFile(dist.wheel) as archive:
        metadata = archive.read(f"crossplane_devcache-{VERSION}.dist-info/METADATA").decode()
    links = re.findall(r"\]\(([^)]+)\)", metadata)
    files = f"https://github.com/crossplane-devcache/crossplane-devcache/blob/v{VERSION}/"
    assert f"{files}docs/devcache.md" in links
    assert all(link.startswith(("https://", "#")) for link in links), links
    linked = [link.removeprefix(files).partition("#")[0] for link in links if files in link]
    assert all((ROOT / path).exists() for path in linked), linked


def test_pip_installs_the_wheel_into_a_new_environment(dist: Distribution, tmp_path: Path) -> None:
    venv.create(tmp_path)
    # A pip in the environment and compiled modules would take most of the time.
    pip = ("-m", "pip", f"--python={tmp_path}", "install", "--quiet", "--no-compile")
    succeed(sys.executable, *pip, f"--constraint={ROOT / 'constraints.txt'}", dist.wheel)
    require_filter(tmp_path / "bin" / "crossplane-devcache")


def test_pipx_installs_the_command(installed: Path) -> None:
    require_filter(installed)


@pytest.fixture
def home(tmp_path: Path, installed: Path) -> dict[str, str]:
    """The environment of a user with only the installed command."""
    return {
        "PATH": f"{installed.parent}{os.pathsep}{os.defpath}",
        "HELM_CACHE_HOME": str(tmp_path / "cache"),
        "HELM_CONFIG_HOME": str(tmp_path / "config"),
        "HELM_DATA_HOME": str(tmp_path / "data"),
    }


def template(chart: Path) -> tuple[str, ...]:
    return (
        *("template", "crossplane", str(chart), "-n=crossplane-system"),
        *(f"--kube-version={KUBERNETES}", "--post-renderer=crossplane-devcache"),
    )


def test_helm_4_installs_the_plugin_from_its_archive(
    dist: Distribution, home: dict[str, str]
) -> None:
    unsigned = run("HELM4", "plugin", "install", dist.plugin, **home)
    assert re.search("no provenance file", unsigned.stderr)
    output("HELM4", "plugin", "install", "--verify=false", dist.plugin, **home)
    listed = output("HELM4", "plugin", "list", **home)
    assert re.search(rf"crossplane-devcache\s+{re.escape(VERSION)}\s+postrenderer/v1", listed)

    config = f"--post-renderer-args=--config={EXAMPLES / 'devcache.yaml'}"
    rendered = output("HELM4", *template(inputs.chart(NEWEST)), config, **home)
    assert "devcache-copier" in rendered

    output("HELM4", "plugin", "uninstall", "crossplane-devcache", **home)
    assert "crossplane-devcache" not in output("HELM4", "plugin", "list", **home)


def test_helm_3_runs_the_installed_command(home: dict[str, str]) -> None:
    config = f"--post-renderer-args=--config={EXAMPLES / 'devcache.yaml'}"
    rendered = output("HELM3", *template(inputs.chart(NEWEST)), config, **home)
    assert "devcache-copier" in rendered


def test_helm_renders_the_chart_from_its_archive(dist: Distribution, home: dict[str, str]) -> None:
    values = f"--values={EXAMPLES / 'values.yaml'}"
    packed = output("HELM3", *template(dist.chart), values, **home)
    assert packed == output("HELM3", *template(CHART), values, **home)


def test_the_chart_has_the_annotations_of_artifact_hub(dist: Distribution) -> None:
    chart = yaml.safe_load(output("HELM4", "show", "chart", dist.chart))
    annotations = {
        key.removeprefix("artifacthub.io/"): yaml.safe_load(value)
        for key, value in chart["annotations"].items()
    }
    assert set(annotations) == {"category", "changes", "images", "license", "links"}
    assert {change["kind"] for change in annotations["changes"]} >= {"added"}
    assert all(link["url"].startswith("https://") for link in annotations["links"])
    assert {image["image"] for image in annotations["images"]} == images(dist.chart)


def images(chart: Path) -> set[str]:
    """Return the images of a chart: those of its pods, and that of the copier."""
    rendered = output("HELM4", "template", "x", chart, f"--kube-version={KUBERNETES}")
    documents = [document for document in yaml.load_all(rendered, nodes.LOADER) if document]
    names = set()
    for document in documents:
        if document["kind"] == "Deployment":
            pod = document["spec"]["template"]["spec"]
            names |= {container["image"] for container in pod["containers"] + pod["initContainers"]}
        if document["kind"] == "DevCache":
            image = document["spec"]["copier"]["image"]
            names.add(f"{image['repository']}:{image['tag']}")
    return names


def version_in(path: Path) -> Plain:
    document: dict[str, Plain] = yaml.safe_load(path.read_text())
    return document["version"]


def test_all_parts_have_the_same_version() -> None:
    plugins = (ROOT / "postrender" / "plugin").rglob("plugin.yaml")
    versions = {str(path): version_in(path) for path in [CHART / "Chart.yaml", *plugins]}
    assert set(versions.values()) == {VERSION}, versions
