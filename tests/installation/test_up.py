"""Tests of `up`, against an API server on loopback and a stand-in for helm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from postrender.installation import up
from postrender.live import health
from tests.shared.api_server import merged, text, value
from tests.shared.command import Command
from tests.shared.installation import (
    Place,
    package,
    place,
    store_api,
    store_definition,
    store_deployment,
)
from tests.shared.live_release import VERSIONS, content
from tests.shared.package_files import with_runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from postrender.crossplane.versions import Version
    from postrender.manifests.nodes import Plain


@pytest.fixture(autouse=True)
def _short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_CHECK_INTERVAL", 0.1)
    monkeypatch.setattr(health, "_GRACE", 0.2)
    monkeypatch.setattr(up, "_GRACE", 0.2)


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes]) -> Command:
    return Command(capfdbinary)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path, package(tmp_path)) as parts:
        yield parts


def values(folder: Path, crossplane: Plain = None, **devcache: Plain) -> Path:
    """Write a values file that declares the package of the cluster."""
    declared: Plain = {
        "platform": {
            "path": str(folder / "platform"),
            "package": "registry.example.com/acme/platform:v0.1.0",
        }
    }
    file = folder / "values.yaml"
    document = {"crossplane": crossplane, "devcache": {"packages": declared, **devcache}}
    file.write_text(yaml.safe_dump(document))
    return file


@pytest.mark.parametrize("helm", ["v3.22.0", "v4.3.0"])
@VERSIONS
def test_helm_installs_the_upstream_chart_and_the_packages_become_healthy(
    tmp_path: Path, command: Command, version: Version, helm: str
) -> None:
    with place(tmp_path, package(tmp_path), version=version, helm=helm) as parts:
        option = f"--crossplane={version}"
        run = command("up", "-f", values(tmp_path), option, "--output=json")
        assert run.status == 0, run.stderr
        report = run.json("up")
        [healthy] = report["packages"]
        assert (healthy["name"], healthy["healthy"]) == ("platform", True)
        [arguments] = parts.helm.runs
        repository = "--repo=https://charts.crossplane.io/stable"
        assert arguments[:6] == [
            *("upgrade", "--install", "crossplane", "crossplane", repository),
            f"--version={version}",
        ]
        assert {"--skip-crds", "--post-renderer", "crossplane-devcache"} <= set(arguments)
        spec = parts.helm.config["spec"]
        assert isinstance(spec, dict)
        assert spec["live"] is True
        plugins = (parts.helm.folder / "plugins").read_text()
        assert plugins.endswith(":/home/jane/plugins") == (helm == "v4.3.0")
        assert ("plugin/crossplane-devcache" in plugins) == (helm == "v4.3.0")


def test_a_repetition_does_nothing_and_an_edit_is_pushed(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    file = values(tmp_path)
    assert "\ninstalled: " in command("up", "-f", file).stdout
    assert "\nup to date: " in command("up", "-f", file).stdout
    changed = package(tmp_path, edit="1")
    assert "\nup to date: " in command("up", "-f", file).stdout
    assert cluster.cluster.read["platform"] == content(changed)
    assert len(cluster.helm.runs) == 1


@pytest.mark.parametrize(
    ("setting", "arguments"),
    [
        pytest.param({"offline": True}, (), id="a setting of the DevCache"),
        pytest.param({}, ("--crossplane=2.4.1",), id="a version"),
        pytest.param({}, ("--", "--set=a=b"), id="arguments for helm"),
    ],
)
def test_a_change_of_the_declaration_is_an_upgrade(
    cluster: Place,
    tmp_path: Path,
    command: Command,
    setting: dict[str, Plain],
    arguments: tuple[str, ...],
) -> None:
    assert command("up", "-f", values(tmp_path)).status == 0
    assert command("up", "-f", values(tmp_path, None, **setting), *arguments).status == 0
    assert len(cluster.helm.runs) == 2


def test_paths_are_declared_as_init_does(cluster: Place, tmp_path: Path, command: Command) -> None:
    run = command("up", package(tmp_path).path, "--dry-run")
    assert f'"path": "{tmp_path}/platform"' in run.stdout
    assert cluster.helm.runs == []


@pytest.mark.parametrize(
    ("chart", "released", "declared", "expected"),
    [
        pytest.param(
            "crossplane-2.4.2",
            {"replicas": 2, "image": {"pullPolicy": "Always"}},
            {"image": {"tag": "v2.4.2"}},
            {"replicas": 2, "image": {"pullPolicy": "Always", "tag": "v2.4.2"}},
            id="upstream",
        ),
        pytest.param(
            "crossplane-devcache-0.1.0",
            {"crossplane": {"replicas": 2}, "devcache": {"packages": {"old": {"path": "x"}}}},
            None,
            {"replicas": 2},
            id="our chart",
        ),
        pytest.param(
            "crossplane-2.4.2",
            {"deploymentStrategy": "RollingUpdate"},
            None,
            {"deploymentStrategy": "RollingUpdate"},
            id="the strategy",
        ),
    ],
)
def test_the_values_of_a_release_stay(  # noqa: PLR0913, PLR0917  # a table
    cluster: Place,
    tmp_path: Path,
    command: Command,
    chart: str,
    released: Plain,
    declared: Plain,
    expected: dict[str, Plain],
) -> None:
    cluster.helm.set_release(chart=chart, values=released)
    assert command("up", "-f", values(tmp_path, declared)).status == 0
    assert cluster.helm.release["values"] == {"deploymentStrategy": "Recreate", **expected}


def test_a_rolling_deployment_is_patched_before_helm(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    assert command("up", "-f", values(tmp_path)).status == 0
    deployment = cluster.cluster.objects["deployments", "crossplane"]
    spec = deployment["spec"]
    assert isinstance(spec, dict)
    assert spec["strategy"] == {"type": "Recreate"}


def test_missing_definitions_and_the_namespace_are_created(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    objects = cluster.cluster.objects
    del objects["namespaces", "crossplane-system"]
    dry_run = command("up", "-f", values(tmp_path), "--dry-run")
    assert "kubectl create namespace crossplane-system\n" in dry_run.stdout
    assert ("namespaces", "crossplane-system") not in objects
    assert command("up", "-f", values(tmp_path)).status == 0
    assert ("namespaces", "crossplane-system") in objects


def test_a_definition_of_an_older_crossplane_gets_the_version_that_helm_needs(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    store_definition(cluster.cluster, "Function", "pkg.crossplane.io", version="v1beta1")
    assert command("up", "-f", values(tmp_path)).status == 0
    name = "functions.pkg.crossplane.io"
    versions = value(cluster.cluster.objects["customresourcedefinitions", name], "spec", "versions")
    assert isinstance(versions, list)
    stored = [(text(item, "name"), value(item, "storage")) for item in versions]
    assert stored == [("v1beta1", True), ("v1", False)]


def test_a_config_map_that_somebody_edited_is_replaced(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    assert command("up", "-f", values(tmp_path)).status == 0
    name = "crossplane-devcache"
    edited_map: Plain = {"metadata": {"name": name}, "data": {"index": "broken"}}
    assert isinstance(edited_map, dict)
    cluster.cluster.apply(("configmaps", name), edited_map, "kubectl-patch")
    command("up", "-f", values(tmp_path), "--timeout=0.1")
    assert ("configmaps", name) not in cluster.cluster.objects, "helm creates it again"
    assert len(cluster.helm.runs) == 2


def test_a_stale_lease_is_released_and_a_valid_one_is_not(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    for role, pod in (("core", "gone"), ("rbac", "crossplane-1")):
        name = f"crossplane-leader-election-{role}"
        spec: Plain = {"holderIdentity": f"{pod}_1"}
        cluster.cluster.store(("leases", name), {"metadata": {"name": name}, "spec": spec})
    assert command("up", "-f", values(tmp_path)).status == 0
    holders = [
        spec["holderIdentity"]
        for (resource, _), lease in sorted(cluster.cluster.objects.items())
        if resource == "leases" and isinstance(spec := lease["spec"], dict)
    ]
    assert holders == ["", "crossplane-1_1"]


def test_a_wrong_package_changes_nothing(cluster: Place, tmp_path: Path, command: Command) -> None:
    (tmp_path / "platform" / "wrong.yaml").write_text("apiVersion: v1\nkind: Pod\n")
    before = dict(cluster.cluster.objects)
    run = command("up", "-f", values(tmp_path), "-o", "json")
    report = run.json("up")
    assert run.status == 1
    assert "must not hold" in str(report["findings"][0]["problem"])
    assert cluster.helm.runs == []
    assert cluster.cluster.objects == before


@pytest.mark.parametrize(
    ("messages", "status", "runs"),
    [
        pytest.param(["Error: another operation is in progress"], 0, 2, id="overtaken"),
        pytest.param(["Error: timed out"], 1, 1, id="failed"),
    ],
)
def test_a_failure_of_helm(  # noqa: PLR0913, PLR0917  # a table
    cluster: Place,
    tmp_path: Path,
    command: Command,
    messages: list[str],
    status: int,
    runs: int,
) -> None:
    cluster.helm.fail("upgrade", *messages)
    run = command("up", "-f", values(tmp_path))
    assert (run.status, len(cluster.helm.runs)) == (status, runs)
    assert f"helm: {messages[0]}" in run.stderr
    if status:
        assert "helm upgrade ended with status 1: timed out\nhint: correct" in run.stderr
        assert command("up", "-f", values(tmp_path)).status == 0, "a second run goes on"


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback"])
def test_the_record_of_a_killed_helm_is_removed(
    cluster: Place, tmp_path: Path, command: Command, status: str
) -> None:
    monkeypatch = pytest.MonkeyPatch()  # apart from the fixture's
    cluster.helm.set_release(status=status, revision=3, updated="2020-01-01T00:00:00Z")
    name = "sh.helm.release.v1.crossplane.v3"
    cluster.cluster.store(("secrets", name), {"metadata": {"name": name}})

    def react() -> None:
        if ("secrets", name) not in cluster.cluster.objects:
            (cluster.helm.folder / "release.json").unlink()
            monkeypatch.undo()

    monkeypatch.setattr(cluster.cluster, "react", react)
    run = command("up", "-f", values(tmp_path), "--timeout=20")
    assert "removing the record of a helm command that was killed" in run.stderr
    assert run.status == 0


def test_a_helm_command_at_work_is_awaited(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    cluster.helm.set_release(status="pending-upgrade", updated="2999-01-01T00:00:00Z")
    message = command("up", "-f", values(tmp_path), "--timeout=0.1").stderr
    assert "another helm command is at work on the release crossplane" in message
    assert cluster.helm.runs == []


def fail_helm(cluster: Place, folder: Path) -> None:
    values(folder, {"replicas": 2})
    cluster.helm.fail("upgrade", "Error: timed out")


def keep_pods_waiting(cluster: Place, _: Path) -> None:
    store_deployment(cluster.cluster, "crossplane", readyReplicas=0)


def refuse_package(cluster: Place, folder: Path) -> None:
    changed = package(folder, edit="1")
    cluster.cluster.refused_contents[content(changed)] = "cannot establish control"


class Failure(NamedTuple):
    """A failure of a second `up`, and its report.

    Attributes:
        cause: Makes it fail.
        problem: The start of the error.
        last_step: The last completed step.
        trouble: That of the package, or None if the wait for packages has not begun.
    """

    cause: Callable[[Place, Path], None]
    problem: str
    last_step: str
    trouble: str | None


FAILURES = {
    "helm": Failure(
        fail_helm, "helm upgrade ended with status 1: timed out", "prepared the cluster", None
    ),
    "a Deployment": Failure(
        keep_pods_waiting, "timed out after 1 s: deployment crossplane: ", "checked", None
    ),
    "a package": Failure(
        refuse_package,
        "Crossplane does not accept it: cannot establish control",
        "Crossplane runs",
        "cannot establish control",
    ),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_failure_in_the_cluster_is_part_of_the_json(
    cluster: Place, tmp_path: Path, command: Command, failure: Failure
) -> None:
    assert command("up", "-f", values(tmp_path)).status == 0
    failure.cause(cluster, tmp_path)
    run = command("up", "-f", tmp_path / "values.yaml", "--timeout=1", "--output=json")
    report = run.json("up")
    problem = text(report, "error", "problem")
    assert run.status == 1
    assert problem.startswith(failure.problem)
    assert problem in run.stderr
    assert report["steps"][-1]["step"] == failure.last_step
    states = [(package["healthy"], package["trouble"]) for package in report["packages"]]
    assert states == ([] if failure.trouble is None else [(False, failure.trouble)])


def test_a_failure_in_the_cluster_leaves_stdout_empty(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    assert command("up", "-f", values(tmp_path)).status == 0
    refuse_package(cluster, tmp_path)
    run = command("up", "-f", tmp_path / "values.yaml")
    assert (run.status, run.stdout) == (1, "")
    problem = "package platform: Crossplane does not accept it: cannot establish control"
    assert f"crossplane-devcache: error: {problem}\nhint: correct the package" in run.stderr


def test_a_failing_copier_ends_the_wait(cluster: Place, tmp_path: Path, command: Command) -> None:
    store_deployment(cluster.cluster, "crossplane", readyReplicas=0)
    terminated: Plain = {"exitCode": 1, "reason": "Error"}
    statuses: Plain = [{"name": "devcache-copier", "state": {"terminated": terminated}}]
    pod = cluster.cluster.objects["pods", "crossplane-1"]
    cluster.cluster.store(
        ("pods", "crossplane-1"), {**pod, "status": {"initContainerStatuses": statuses}}
    )
    message = command("up", "-f", values(tmp_path)).stderr
    assert "the copier in pod crossplane-1 fails: Error: loaded platform" in message
    assert "hint: correct the package, and run the same command again" in message


def test_a_package_with_resources_stays_in_the_release(tmp_path: Path, command: Command) -> None:
    with place(tmp_path, package(tmp_path), package(tmp_path, "network")) as parts:
        objects = parts.cluster.objects
        annotations: Plain = {
            "meta.helm.sh/release-name": "crossplane",
            "meta.helm.sh/release-namespace": "crossplane-system",
        }
        key = ("configurations", "network")
        parts.cluster.store(key, merged(objects[key], {"metadata": {"annotations": annotations}}))
        store_api(parts.cluster, text(objects[key], "status", "currentRevision"))
        parts.cluster.store(("xdatabases", "orders"), {"metadata": {"name": "orders"}})
        message = command("up", "-f", values(tmp_path)).stderr
        assert "removing network from the release would delete the resources" in message
        assert "XDatabase orders" in message
        assert parts.helm.runs == []
        del objects["xdatabases", "orders"]
        message = command("up", "-f", values(tmp_path), "--timeout=0.1").stderr
        assert "ConfigurationRevision network-" in message, "the stand-in removes nothing"
        assert len(parts.helm.runs) == 1


@pytest.mark.parametrize(
    ("kubernetes", "arguments", "live"),
    [("1.34", (), True), ("1.28", (), False), ("1.34", ("--no-live",), False)],
)
def test_live_mode_needs_sidecars(  # noqa: PLR0913  # a table
    cluster: Place,
    tmp_path: Path,
    command: Command,
    kubernetes: str,
    arguments: tuple[str, ...],
    *,
    live: bool,
) -> None:
    cluster.cluster.version = kubernetes
    assert command("up", "-f", values(tmp_path), *arguments).status == 0
    spec = cluster.helm.config["spec"]
    assert isinstance(spec, dict)
    assert spec["live"] is live


def test_declared_live_mode_without_sidecars_is_refused(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    cluster.cluster.version = "1.28"
    message = command("up", "-f", values(tmp_path, None, live=True)).message()
    assert "live mode needs Kubernetes 1.29 or later" in message


def test_packages_that_no_release_can_hold_are_outside_of_it(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    run = command("up", "-f", values(tmp_path, None, payload="apart"))
    assert run.status == 0
    payloads = [
        name
        for (resource, name), value in cluster.cluster.objects.items()
        if resource == "configmaps" and "immutable" in value
    ]
    assert len(payloads) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((), "name packages, or -f FILE", id="nothing"),
        pytest.param(("x", "-f", "y"), "but not both", id="both"),
        pytest.param(("x", "--watch", "-o", "json"), "exclude each other", id="watch and json"),
    ],
)
def test_wrong_usage(command: Command, arguments: tuple[str, ...], message: str) -> None:
    assert message in command("up", *arguments).message(2)


@pytest.mark.parametrize(
    ("version", "message"),
    [("", "is neither Helm 3 nor Helm 4"), ("v2.17.0", "is neither Helm 3 nor Helm 4")],
)
def test_another_helm_is_refused(
    cluster: Place, tmp_path: Path, command: Command, version: str, message: str
) -> None:
    (cluster.helm.folder / "version").write_text(version)
    assert message in command("up", "-f", values(tmp_path)).message()


def test_without_helm_the_message_says_so(
    cluster: Place, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "there is no program helm on the PATH" in command("up", "-f", values(tmp_path)).message()
    assert cluster.helm.runs == []


def test_another_chart_is_refused(cluster: Place, tmp_path: Path, command: Command) -> None:
    (cluster.helm.folder / "Chart.yaml").write_text("name: nginx\n")
    run = command("up", "-f", values(tmp_path), "--chart=nginx.tgz")
    assert 'is the chart "nginx", and not crossplane or crossplane-devcache' in run.message()


def test_no_warning_names_an_image_that_up_loads(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    cluster.helm.fail("upgrade", "Error: timed out")
    path, archive = with_runtime(tmp_path / "zones.xpkg"), tmp_path / "archive"
    run = command("up", path, f"--loader=sh -c 'cat >{archive}'", "--output=json")
    image = "xpkg.devcache.local/zones:"
    assert f"loading the image {image}" in run.stderr
    assert image.encode() in archive.read_bytes()
    assert "warning: " not in run.stderr
    assert run.json("up")["findings"] == []


def test_our_chart_declares_the_packages_itself(
    cluster: Place, tmp_path: Path, command: Command
) -> None:
    text = "name: crossplane-devcache\nversion: 0.1.0\nappVersion: 2.4.2\n"
    (cluster.helm.folder / "Chart.yaml").write_text(text)
    assert command("up", "-f", values(tmp_path), "--chart=chart.tgz").status == 0
    assert not (cluster.helm.folder / "config.json").exists()
    released = cluster.helm.release["values"]
    assert isinstance(released, dict)
    assert released.keys() == {"crossplane", "devcache"}


def test_the_dry_run_prints_what_runs(cluster: Place, tmp_path: Path, command: Command) -> None:
    printed = command("up", "-f", values(tmp_path), "--dry-run").stdout
    assert command("up", "-f", values(tmp_path)).status == 0
    [arguments] = cluster.helm.runs
    for argument in arguments:
        if "=/tmp" not in argument and " " not in argument:
            assert argument.split("=")[0] in printed
    assert json.dumps(cluster.helm.config, indent=2) in printed


def test_watch_needs_live_mode(cluster: Place, tmp_path: Path, command: Command) -> None:
    message = command("up", "-f", values(tmp_path), "--watch", "--no-live").stderr
    assert "the packages are installed, but live mode is off" in message
    assert len(cluster.helm.runs) == 1
