"""The chart with the real tools: Helm 3 and 4, chart-testing, helm-unittest, helm-docs."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest
import yaml

from postrender.manifests import nodes
from tests.shared.paths import ROOT
from tests.shared.programs import CHART, KUBERNETES, SEARCH_PATH, both_helms, output, values_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.shared.programs import Plain

pytestmark = pytest.mark.linux  # tools/build.sh

DECLARED: dict[str, Plain] = {
    "gone": {"path": "./gone"},
    "platform": {"path": "./platform", "ignore": ["*.md"]},
}
REMOVALS: dict[str, Plain] = {"gone": None, "never": None, "platform": {"ignore": None}}
REMAINING: dict[str, Plain] = {"platform": {"path": "./platform"}}


def removals(packages: str) -> str:
    """Return REMOVALS for --set, below the key `packages`."""
    return ",".join(f"{packages}.{key}=null" for key in ("gone", "never", "platform.ignore"))


def render(helm: str, *args: str | Path, chart: Path = CHART) -> str:
    """Return the output of `helm template` without the post-renderer."""
    return output(helm, "template", "crossplane", chart, "--kube-version", KUBERNETES, *args)


def devcache(manifests: str) -> dict[str, Plain]:
    """Return the spec of the one DevCache document in rendered manifests."""
    documents: list[dict[str, Plain] | None] = list(yaml.load_all(manifests, nodes.LOADER))
    (document,) = [item for item in documents if item and item["kind"] == "DevCache"]
    spec = document["spec"]
    assert isinstance(spec, dict)
    return spec


def packages(manifests: str) -> Plain:
    """Return the packages of the one DevCache document in rendered manifests."""
    return devcache(manifests)["packages"]


@both_helms
def test_lint_passes(helm: str) -> None:
    assert "0 chart(s) failed" in output(helm, "lint", "--strict", CHART)


@both_helms
def test_the_devcache_document_holds_the_values(helm: str) -> None:
    defaults: dict[str, dict[str, Plain]] = yaml.safe_load((CHART / "values.yaml").read_text())
    assert devcache(render(helm)) == defaults["devcache"]


def test_both_majors_render_the_same_document() -> None:
    args = ("--show-only", "templates/devcache.yaml", "--values", ROOT / "examples/values.yaml")
    assert render("HELM3", *args).strip() == render("HELM4", *args).strip()


@both_helms
@pytest.mark.parametrize(
    "values", sorted(CHART.glob("ci/*-values.yaml")), ids=lambda path: path.stem
)
def test_ci_values_render_crossplane_and_a_devcache(helm: str, values: Path) -> None:
    manifests = render(helm, "--values", values)
    assert devcache(manifests)
    assert manifests.count("kind: Deployment\n") == 2


@both_helms
def test_large_user_id_stays_a_whole_number(helm: str) -> None:
    user = "devcache.copier.securityContext.runAsUser=1000740000"
    assert "runAsUser: 1000740000\n" in render(helm, "--set", user)


@pytest.fixture
def values(tmp_path: Path) -> Path:
    """A values file that declares the packages."""
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(values_at("devcache.packages", DECLARED)))
    return file


@both_helms
def test_null_in_a_second_values_file_removes(helm: str, values: Path) -> None:
    second = values.with_name("second.yaml")
    second.write_text(json.dumps(values_at("devcache.packages", REMOVALS)))
    assert packages(render(helm, "--values", values, "--values", second)) == REMAINING


@both_helms
def test_null_in_set_removes(helm: str, values: Path) -> None:
    args = ("--values", values, "--set", removals("devcache.packages"))
    assert packages(render(helm, *args)) == REMAINING


@both_helms
@pytest.mark.parametrize("null", ["devcache=null", "devcache.packages=null"])
def test_null_removes_all_packages(helm: str, values: Path, null: str) -> None:
    assert packages(render(helm, "--values", values, "--set", null)) == {}


class Discovery(BaseHTTPRequestHandler):
    """An API server for `helm upgrade --dry-run=client`, which reads its version and its APIs."""

    ANSWERS: ClassVar = {
        "/version": {"major": "1", "minor": "34", "gitVersion": f"v{KUBERNETES}"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    }

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(self.ANSWERS[self.path.partition("?")[0]]).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def api_server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Discovery) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """A release that declares the packages, for Helm's memory driver."""
    metadata = yaml.safe_load((CHART / "Chart.yaml").read_text())
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    release = {
        "name": "crossplane",
        "namespace": "default",
        "version": 1,
        "info": {"status": "deployed"},
        "config": values_at("devcache.packages", DECLARED),
        "chart": {"metadata": metadata, "values": defaults},
    }
    file = tmp_path / "releases.yaml"
    file.write_text(json.dumps([release]))
    return file


@both_helms
@pytest.mark.parametrize(
    ("flag", "nulls", "remaining"),
    [
        ("--reset-then-reuse-values", removals("devcache.packages"), REMAINING),
        ("--reset-then-reuse-values", "devcache.packages=null", {}),
        # Helm drops the null together with its key, but also uses the old values as the chart's
        # defaults (reuseValues in pkg/action/upgrade.go). The chart's README says so.
        ("--reuse-values", removals("devcache.packages"), DECLARED),
    ],
    ids=["null-removes", "null-removes-all", "reuse-values-loses-the-null"],
)
def test_upgrade_with_the_values_of_the_release(  # noqa: PLR0913, PLR0917  # table and fixtures
    helm: str, api_server: str, releases: Path, flag: str, nulls: str, remaining: dict[str, Plain]
) -> None:
    args = ("--dry-run=client", "--output=json", "--kube-apiserver", api_server, "--set", nulls)
    memory = {"HELM_DRIVER": "memory", "HELM_MEMORY_DRIVER_DATA": str(releases)}
    upgraded = output(helm, "upgrade", "crossplane", CHART, flag, *args, **memory)
    assert packages(json.loads(upgraded)["manifest"]) == remaining


@pytest.fixture(scope="session")
def umbrella(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chart that has Crossplane and this chart side by side."""
    chart = tmp_path_factory.mktemp("umbrella")
    shutil.copytree(CHART, chart / "charts" / CHART.name)
    shutil.copy(next(CHART.glob("charts/crossplane-*.tgz")), chart / "charts")
    dependencies = [{"name": name, "version": "*"} for name in ("crossplane", CHART.name)]
    metadata = {"apiVersion": "v2", "name": "umbrella", "version": "1.0.0"}
    (chart / "Chart.yaml").write_text(json.dumps(metadata | {"dependencies": dependencies}))
    own = {"crossplane": {"enabled": False}, "devcache": {"packages": DECLARED}}
    values = {"global": {"team": "a"}, CHART.name: own}
    (chart / "values.yaml").write_text(json.dumps(values))
    return chart


@both_helms
def test_subchart_beside_crossplane(helm: str, umbrella: Path) -> None:
    manifests = render(helm, chart=umbrella)
    assert packages(manifests) == DECLARED
    assert manifests.count("kind: Deployment\n") == 2


@both_helms
def test_null_removes_in_an_umbrella_chart(helm: str, umbrella: Path) -> None:
    nulls = removals("crossplane-devcache.devcache.packages")
    assert packages(render(helm, "--set", nulls, chart=umbrella)) == REMAINING


@both_helms
def test_chart_testing_passes(helm: str, tmp_path: Path) -> None:
    (tmp_path / "helm").symlink_to(os.environ[helm])
    path = os.pathsep.join([str(tmp_path), SEARCH_PATH])
    output("CT", "lint", "--config", "ct.yaml", "--all", PATH=path)


def test_helm_unittest_suites_pass() -> None:
    output("HELM_UNITTEST", "--strict", "--file", "tests/*_test.yaml", CHART)


def test_the_readme_is_the_output_of_helm_docs() -> None:
    readme = output("HELM_DOCS", "--dry-run", "--chart-search-root", CHART)
    assert readme.strip() == (CHART / "README.md").read_text().strip(), "run `make generate`"


@both_helms
def test_the_package_holds_the_files_for_users(helm: str, tmp_path: Path) -> None:
    output(helm, "package", CHART, "--destination", tmp_path)
    with tarfile.open(next(tmp_path.glob("*.tgz"))) as archive:
        names = {name.split("/")[1] for name in archive.getnames()}
    assert names >= {"Chart.yaml", "README.md", "charts", "templates", "values.schema.json"}
    assert names.isdisjoint({"ci", "tests", "README.md.gotmpl"})
