"""Tests live mode: a saved package reaches the cluster within seconds, without Helm."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.e2e.commands import Program
from tests.e2e.kubernetes import CORE, INSIDE, KINDS, REVISIONS, condition, field_type
from tests.e2e.loop import Timing, next_line, run_watch, slow, table, watch_api
from tests.e2e.packages import api, configuration, local
from tests.e2e.waiting import until
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.cluster import Cluster
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.loop import Sightings
    from tests.e2e.node import Node
    from tests.e2e.packages import Declarations
    from tests.e2e.registry import Registry

    PushReport = dict[str, list[dict[str, str]]]

log = logging.getLogger(__name__)

EDITS = 20
FEWER = 3
"""The number of edits by other, slower methods."""

API = "pkg.crossplane.io/v1"
PUSHED = "crossplane-devcache/pushed=true"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture
def packages(folder: Path) -> Declarations:
    """Two packages, as they were before any edit."""
    return {name: local(configuration(folder, name)) for name in ("edited", "other")}


@pytest.fixture
def live(crossplane: Crossplane, packages: Declarations) -> Iterator[Crossplane]:
    """A release in live mode with only these packages; pushed packages are removed at the end."""
    crossplane.ensure(packages, live=True)
    yield crossplane
    for name in crossplane.kubernetes.names(*KINDS, selector=PUSHED):
        crossplane.devcache("unload", name)
    crossplane.state = None


def push(crossplane: Crossplane, *arguments: str | Path) -> PushReport:
    """Push, and return the report of the command."""
    report: PushReport = json.loads(
        crossplane.devcache.run_logged("push", "--output=json", *arguments)
    )
    return report


def changes(report: PushReport) -> dict[str, str]:
    """Return the change that a push reports for each package."""
    return {package["name"]: package["change"] for package in report["packages"]}


def has(kubernetes: Kubernetes, package: str, field: str) -> None:
    """Return when the API of a package has a field and is established."""
    kubernetes.wait_until_value(f"crd/{api(package)}", field_type(field), "string")
    kubernetes.wait_until_value(f"crd/{api(package)}", condition("Established"), "True")


def test_twenty_edits_in_a_row(
    live: Crossplane,
    kubernetes: Kubernetes,
    registry: Registry,
    folder: Path,
    packages: Declarations,
) -> None:
    """Measure edits in live mode, with helm upgrade, and with a registry and new tags."""
    pods, ways = kubernetes.pods(), dict[str, list[Timing]]()
    with watch_api(kubernetes.kubectl, api("edited")) as sightings:
        ways["watch"] = time_saves(live, folder, sightings)
        assert kubernetes.pods() == pods, "no pod was replaced"
        kubernetes.wait_until_healthy(packages)
        ways["helm upgrade"] = time_upgrades(live, kubernetes, folder, packages, sightings)
    ways["build, push, another tag"] = time_registry(kubernetes, registry, folder)
    keyed_by = "digest" if live.line.at_least >= (2, 2) else "path"
    log.info("%s", table(str(live.line), ways))
    log.info("slower than the targets: %s", "; ".join(slow(ways["watch"], keyed_by)) or "none")


def time_saves(live: Crossplane, folder: Path, sightings: Sightings) -> list[Timing]:
    """Save twenty edits, each when the previous one is Healthy."""
    timings = []
    with run_watch(live.devcache, folder / "edited") as popen:
        next_line(popen)
        for edit in range(EDITS):
            configuration(folder, "edited", field=f"saved{edit}")
            start = time.monotonic()
            line = next_line(popen)
            healthy = time.monotonic() - start
            assert "Healthy" in line
            timings.append(Timing(sightings.at(f"saved{edit}") - start, healthy, line))
    return timings


def time_upgrades(
    live: Crossplane,
    kubernetes: Kubernetes,
    folder: Path,
    packages: Declarations,
    sightings: Sightings,
) -> list[Timing]:
    """Run the helm command of the README after each edit, and return the timings."""
    timings = []
    for edit in range(FEWER):
        configuration(folder, "edited", field=f"upgraded{edit}")
        start = time.monotonic()
        live.deploy(packages)
        at = sightings.at(f"upgraded{edit}") - start
        kubernetes.wait_until_healthy(["edited"])
        timings.append(Timing(at, time.monotonic() - start))
    return timings


def time_registry(kubernetes: Kubernetes, registry: Registry, folder: Path) -> list[Timing]:
    """Build each edit, push it to the registry, change the tag, and return the timings."""
    timings = []
    for edit in range(FEWER + 1):
        package = configuration(folder, "published", field=f"published{edit}")
        start = time.monotonic()
        registry.publish(package, "acme/published", f"v0.0.{edit}")
        spec = {"package": f"{registry.address}/acme/published:v0.0.{edit}"}
        document = {"apiVersion": API, "kind": "Configuration", "metadata": {"name": "published"}}
        kubernetes.apply(json.dumps({**document, "spec": spec}))
        if edit == 0:
            kubernetes.wait_until_healthy(["published"])
            continue
        with watch_api(kubernetes.kubectl, api("published")) as sightings:
            at = sightings.at(f"published{edit}") - start
        kubernetes.wait_until_healthy(["published"])
        timings.append(Timing(at, time.monotonic() - start))
    kubernetes.kubectl("delete", "configuration.pkg.crossplane.io/published")
    kubernetes.wait_until_gone(f"crd/{api('published')}")
    return timings


@pytest.mark.smoke
def test_a_push_reports_its_result_and_a_second_push_changes_nothing(
    live: Crossplane, kubernetes: Kubernetes, folder: Path
) -> None:
    package = configuration(folder, "edited", field="pushed")
    report = push(live, package)
    assert changes(report) == {"edited": "changed"}
    for step in report["steps"]:
        log.info("  %s: %s s", step["step"], step["seconds"])
    has(kubernetes, "edited", "pushed")
    assert changes(push(live, package)) == {"edited": "same"}


@pytest.mark.usefixtures("live")
def test_the_idle_sidecar_takes_almost_no_cpu(kubernetes: Kubernetes, node: Node) -> None:
    [pod] = kubernetes.pods()
    before, start = node.cpu(pod), time.monotonic()
    time.sleep(30)
    share = (node.cpu(pod) - before) / (time.monotonic() - start)
    log.info("  %.2f %% of a core", share * 100)
    assert share < 0.05, "this limit is far above the need of any machine"


def test_helm_reverts_a_push_without_force(
    live: Crossplane, kubernetes: Kubernetes, folder: Path, packages: Declarations
) -> None:
    for field in ("one", "two", "three"):
        push(live, configuration(folder, "edited", field=field))
    configuration(folder, "edited")
    live.deploy(packages)  # the same packages as in the last deployment
    has(kubernetes, "edited", "size")
    kubernetes.wait_until_healthy(packages)

    push(live, configuration(folder, "edited", field="four"))
    has(kubernetes, "edited", "four")
    live.rollback()
    has(kubernetes, "edited", "size")
    kubernetes.wait_until_healthy(packages)


def test_an_undeclared_package_stays_until_it_is_unloaded(
    live: Crossplane, kubernetes: Kubernetes, folder: Path, packages: Declarations
) -> None:
    extra = configuration(folder, "extra")
    assert changes(push(live, extra)) == {"extra": "new"}
    assert kubernetes.names(KINDS[0], selector=PUSHED) == {"extra"}
    live.deploy(packages)
    kubernetes.recreate_api("extra", api("extra"))
    kubernetes.wait_until_healthy(["edited", "other", "extra"])
    assert "pushed" in live.devcache("status")

    live.devcache.run_logged("unload", "extra")
    kubernetes.wait_until_gone(f"crd/{api('extra')}")
    assert kubernetes.read("configmap/crossplane-devcache", "{.data.pushed}") == ""


def test_a_release_declares_a_pushed_package(
    live: Crossplane, kubernetes: Kubernetes, folder: Path, packages: Declarations
) -> None:
    extra = configuration(folder, "extra")
    push(live, extra)
    both = {**packages, "extra": local(extra)}
    live.deploy(both)
    kubernetes.wait_until_healthy(both)
    assert changes(push(live, extra)) == {"extra": "same"}
    reference = str(both["extra"]["package"])
    assert kubernetes.read("configuration.pkg.crossplane.io/extra", "{.spec.package}") == reference
    live.deploy(packages)
    kubernetes.wait_until_gone(f"crd/{api('extra')}")


def test_a_push_waits_for_each_replica(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    node: Node,
    folder: Path,
    packages: Declarations,
) -> None:
    crossplane.ensure(packages, {"replicas": 2}, live=True)
    push(crossplane, configuration(folder, "edited", field="both"))
    pod, other = kubernetes.pods()
    assert node.loaded_files(pod) == node.loaded_files(other)
    has(kubernetes, "edited", "both")
    crossplane.state = None


def test_a_push_waits_for_a_pod_that_restarts(
    live: Crossplane, kubernetes: Kubernetes, folder: Path
) -> None:
    kubernetes.kubectl("delete", "pod", f"--selector={CORE}", INSIDE, "--wait=false")
    push(live, configuration(folder, "edited", field="restarted"))
    has(kubernetes, "edited", "restarted")
    kubernetes.wait_until_pods_ready(1, CORE)


def test_one_of_two_concurrent_pushes_is_complete(
    live: Crossplane, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    def both(field: str) -> None:
        folder = tmp_path / field
        paths = [configuration(folder, name, field=field) for name in ("edited", "other")]
        live.devcache.run("push", *paths)  # the earlier push may fail because of the later one

    threads = [threading.Thread(target=both, args=[field]) for field in ("mine", "theirs")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def mixed() -> str | None:
        pushes = [
            {f for f in ("mine", "theirs") if kubernetes.read(f"crd/{api(name)}", field_type(f))}
            for name in ("edited", "other")
        ]
        return None if pushes[0] == pushes[1] and len(pushes[0]) == 1 else str(pushes)

    until(mixed, "both packages are from the same push")
    kubernetes.wait_until_healthy(["edited", "other"])


def test_crossplane_reports_why_it_refuses_a_package(
    live: Crossplane, kubernetes: Kubernetes, folder: Path
) -> None:
    package = configuration(folder, "edited", field="broken")
    file = package / "definition.yaml"
    definition = yaml.safe_load(file.read_text())
    del definition["spec"]["group"]
    file.write_text(yaml.safe_dump(definition))
    result = live.devcache.run("push", package)
    assert result.status == 1, result.stdout
    assert "Crossplane does not accept it" in result.stderr
    assert "spec.group" in result.stderr
    kubernetes.wait_until_value(f"crd/{api('edited')}", condition("Established"), "True")
    push(live, configuration(folder, "edited", field="mended"))
    has(kubernetes, "edited", "mended")


def test_an_api_that_the_api_server_rejects_is_an_error(
    live: Crossplane, kubernetes: Kubernetes, folder: Path
) -> None:
    """Crossplane 2 reports the package as healthy. Only an event has the reason."""
    package = configuration(folder, "edited", field="rejected")
    file = package / "definition.yaml"
    file.write_text(file.read_text().replace("type: string", "type: strng"))
    result = live.devcache.run("push", package)
    assert result.status == 1, result.stdout
    is_refused = live.line.at_least < (2, 0)
    problem = "Crossplane does not accept it" if is_refused else "does not accept an API of it"
    assert problem in result.stderr
    assert api("edited") in result.stderr
    assert "strng" in result.stderr
    assert "strng" in live.devcache("status")
    push(live, configuration(folder, "edited", field="corrected"))
    has(kubernetes, "edited", "corrected")


def test_the_role_for_pushes_is_enough_for_all_live_commands(
    live: Crossplane, kubernetes: Kubernetes, cluster: Cluster, folder: Path, tmp_path: Path
) -> None:
    kubernetes.apply((ROOT / "examples" / "live-rbac.yaml").read_text())
    account = "system:serviceaccount:crossplane-system:pusher"
    kubernetes.kubectl("create", "serviceaccount", "pusher", INSIDE)
    bind = ("devcache-push", f"--user={account}")
    kubernetes.kubectl("create", "rolebinding", *bind, "--role=devcache-push", INSIDE)
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    token = kubernetes.kubectl("create", "token", "pusher", INSIDE).strip()
    for user in config["users"]:
        user["user"] = {"token": token}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    command = Program(live.devcache.path, {"KUBECONFIG": str(kubeconfig)})

    package = configuration(folder, "edited", field="allowed")
    result = command.run("push", package)
    assert result.status == 1, "the ClusterRole has no binding yet"
    assert "not permitted" in result.stderr
    assert 'cannot list resource "configurationrevisions"' in result.stderr

    kubernetes.kubectl("create", "clusterrolebinding", *bind, "--clusterrole=devcache-push")
    command("push", package, configuration(folder, "extra"))
    has(kubernetes, "edited", "allowed")
    assert "packages: 3, healthy: 3" in command("status")
    view = ("devcache-view", f"--user={account}", "--clusterrole=crossplane-view")
    kubernetes.kubectl("create", "clusterrolebinding", *view)
    command("unload", "extra")
    kubernetes.kubectl("delete", "clusterrolebinding", "devcache-view")
    for resource in ("clusterrolebinding", "clusterrole"):
        kubernetes.kubectl("delete", resource, "devcache-push")


def test_watch_pushes_saved_files_and_survives_broken_packages(
    live: Crossplane, kubernetes: Kubernetes, folder: Path
) -> None:
    package = folder / "edited"
    with run_watch(live.devcache, package) as popen:
        assert "Healthy" in next_line(popen)
        configuration(folder, "edited", field="saved")
        assert "Healthy" in next_line(popen)
        has(kubernetes, "edited", "saved")

        (package / "definition.yaml").write_text("kind: [\n")
        line = next_line(popen)
        assert f"{package}/definition.yaml, line" in line
        assert "is not valid YAML" in line
        configuration(folder, "edited", field="mended")
        assert "Healthy" in next_line(popen)
        has(kubernetes, "edited", "mended")
    assert popen.returncode == 130


def test_without_live_mode_a_push_names_the_missing_setting(
    crossplane: Crossplane, packages: Declarations, folder: Path
) -> None:
    crossplane.ensure(packages)
    result = crossplane.devcache.run("push", folder / "edited")
    assert result.status == 1
    assert "live mode is off" in result.stderr
    assert "devcache.live" in result.stderr


def test_removed_packages_leave_no_object_of_live_mode(
    crossplane: Crossplane, kubernetes: Kubernetes
) -> None:
    crossplane.ensure({})
    until(lambda: " ".join(kubernetes.names(*KINDS, *REVISIONS)) or None, "no package is left")
    assert not kubernetes.names("imageconfigs.pkg.crossplane.io", selector=PUSHED)
