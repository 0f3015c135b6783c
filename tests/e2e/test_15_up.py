"""Tests `up` and `down`: from packages on disk to a cluster of any state, and out of it again."""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender import labels
from tests.cluster import images, namespaces
from tests.e2e.commands import Program
from tests.e2e.crossplane import COMMON_VALUES, POST_RENDERER, SEE_DEFINITIONS
from tests.e2e.kubernetes import DEFINITIONS, INSIDE, KINDS, NAMESPACE, REVISIONS, field_type
from tests.e2e.packages import FLEET, RUNTIMES, api, configuration, local, runtime
from tests.e2e.waiting import until
from tests.shared.paths import ROOT
from tests.shared.programs import SEARCH_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.cluster.cluster import Cluster
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.lines import Line
    from tests.e2e.packages import Declarations
    from tests.e2e.registry import Registry
    from tests.shared.programs import Plain

    Report = dict[str, Plain]

log = logging.getLogger(__name__)

OWN = "configmaps,imageconfigs,deploymentruntimeconfigs"

LEASES = {"crossplane-leader-election-core", "crossplane-leader-election-rbac"}

FINALIZERS = "{.kind} {.metadata.name} {.metadata.finalizers}"


@dataclass(frozen=True)
class User:
    """A user with packages on disk, an upstream chart and one Helm on the PATH."""

    crossplane: Crossplane
    devcache: Program
    folder: Path

    @property
    def kubernetes(self) -> Kubernetes:
        return self.crossplane.kubernetes

    def values(self, *names: str, field: str = "size", **devcache: Plain) -> Path:
        """Write a values file that declares packages, and the packages."""
        packages: Plain = {
            name: {**local(configuration(self.folder, name, field=field))} for name in names
        }
        values: Plain = {
            "crossplane": COMMON_VALUES,
            "devcache": {"packages": packages, **devcache},
        }
        file = self.folder / "values.yaml"
        file.write_text(json.dumps(values))
        return file

    def arguments(self, values: Path, *more: str) -> list[str]:
        chart = f"--chart={self.crossplane.upstream}"
        return ["up", f"--values={values}", chart, "--output=json", *more]

    def up(self, values: Path, *more: str) -> Report:
        """Run `up`, which must succeed, and return its report."""
        report: Report = json.loads(self.devcache.run_logged(*self.arguments(values, *more)))
        return report

    def install_by_hand(self, values: Path) -> None:
        """Install the upstream chart with the packages of `values`, as docs/helm.md does it."""
        crossplane, kubectl = self.crossplane, self.kubernetes.kubectl
        devcache = json.loads(values.read_text())["devcache"]
        crossplane.live = True
        crds = self.devcache.run_logged("crds", f"--crossplane={crossplane.line.version}")
        kubectl.run_logged("create", "--filename=-", stdin=crds)
        config = f"--post-renderer-args=--config={crossplane.config(devcache['packages'])}"
        upgrade = crossplane.upgrade_upstream({})
        crossplane.helm.run_logged(*upgrade, *POST_RENDERER, config, "--wait")
        condition = ("--for=condition=Healthy", "--timeout=5m")
        kubectl.run_logged("wait", *condition, "configurations.pkg.crossplane.io", "--all")

    def down(self, *more: str) -> Report:
        """Run `down`, which must succeed, and return its report."""
        report: Report = json.loads(self.devcache.run_logged("down", "--output=json", *more))
        return report

    def refused(self, *arguments: str) -> str:
        """Run a command that must fail, and return its message."""
        result = self.devcache.run(*arguments)
        assert (result.status, result.stdout) == (1, ""), result.stdout
        return result.stderr

    def failed(self, *arguments: str) -> str:
        """Run a command that must fail in the cluster, and return its message."""
        result = self.devcache.run(*arguments)
        assert result.status == 1, result.stdout
        error = json.loads(result.stdout)["error"]
        assert error["problem"] in result.stderr
        return result.stderr

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a process group, like a terminal."""
        return subprocess.Popen(
            ["env", "--default-signal=INT", self.devcache.path, *arguments],
            cwd=ROOT,
            env={**os.environ, **self.devcache.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )

    def require_nothing_left(self) -> None:
        """Check that `down` left no object, no lease and no finalizer."""
        kubernetes = self.kubernetes
        owner = f"{labels.PART_OF}={labels.OWNER}"
        for kind in (*OWN.split(","), *KINDS):
            assert not kubernetes.names(kind, selector=owner), kind
        assert not kubernetes.names(*REVISIONS, *KINDS, DEFINITIONS)
        assert not kubernetes.names("leases") & LEASES
        assert not kubernetes.names("deployments", "pods")
        locks = kubernetes.values("locks.pkg.crossplane.io", FINALIZERS)
        assert not any("crossplane.io" in lock.partition(" lock")[2] for lock in locks), locks


@pytest.fixture
def user(crossplane: Crossplane, tmp_path: Path) -> Iterator[User]:
    """A user and a cluster without any trace of Crossplane."""
    crossplane.ensure_empty_cluster()
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "helm").symlink_to(crossplane.helm.path)
    path = os.pathsep.join((str(tools), SEARCH_PATH))
    environment = {**crossplane.helm.environment, "PATH": path}
    devcache = Program(crossplane.devcache.path, environment)
    yield User(crossplane, devcache, tmp_path)
    crossplane.state, crossplane.is_broken = None, True


def test_from_an_empty_cluster_and_back(user: User) -> None:
    kubernetes = user.kubernetes
    values = user.values("base", "top")
    report = user.up(values)
    assert (report["upgraded"], report["live"]) == (True, True)
    kubernetes.wait_until_healthy(["base", "top"])

    pods = kubernetes.pods()
    assert user.up(values)["upgraded"] is False, "there is nothing to do"
    user.values("base", "top", field="colour")
    assert user.up(values)["upgraded"] is False, "a push brings the new content"
    assert kubernetes.read(f"crd/{api('base')}", field_type("colour")) == "string"
    assert kubernetes.pods() == pods

    assert user.up(user.values("base"))["upgraded"] is True
    kubernetes.wait_until_gone("configuration.pkg.crossplane.io/top")

    assert user.down()["removed"] == ["Configuration base", "release crossplane"]
    user.require_nothing_left()
    assert user.down()["removed"] == []
    user.down("--purge")
    assert not kubernetes.names("crds")
    assert not kubernetes.read(f"namespace/{NAMESPACE}", "{.kind}")
    assert user.down("--purge") == {"removed": [], "kept": []}


def test_without_live_mode_an_edit_is_an_upgrade(user: User) -> None:
    values = user.values("base")
    assert user.up(values, "--no-live")["live"] is False
    assert user.up(values, "--no-live")["upgraded"] is False
    user.values("base", field="colour")
    assert user.up(values, "--no-live")["upgraded"] is True
    crd = f"crd/{api('base')}"
    assert user.kubernetes.read(crd, field_type("colour")) == "string", "Healthy is not stale"
    user.down()
    user.require_nothing_left()


@pytest.mark.smoke
def test_over_an_upstream_release_its_values_stay(user: User) -> None:
    crossplane, kubernetes = user.crossplane, user.kubernetes
    annotations: Plain = {"customAnnotations": {"team": "ours"}}
    upstream = crossplane.upgrade_upstream({"serviceAccount": annotations, "replicas": 2})
    crossplane.helm.run_logged(*upstream, "--wait")
    user.up(user.values("base"))
    kubernetes.wait_until_healthy(["base"])
    team = ("serviceaccount/crossplane", "{.metadata.annotations.team}")
    assert kubernetes.read(*team) == "ours"
    assert len(kubernetes.pods()) == 2
    user.down()
    user.require_nothing_left()


def test_over_the_remains_of_a_bare_uninstall(user: User) -> None:
    values = user.values("base")
    user.up(values)
    user.crossplane.uninstall()
    user.up(values)
    user.kubernetes.wait_until_healthy(["base"])
    user.crossplane.uninstall()
    user.down()
    user.require_nothing_left()


def test_a_wrong_package_changes_nothing(user: User) -> None:
    values = user.values("base")
    (user.folder / "base" / "wrong.yaml").write_text("apiVersion: v1\nkind: Pod\n")
    result = user.devcache.run(*user.arguments(values))
    assert result.status == 1
    findings = json.loads(result.stdout)["findings"]
    assert "must not hold" in findings[0]["problem"]
    assert not user.kubernetes.names("crds", "secrets")
    user.down()
    user.require_nothing_left()


def test_helms_failure_is_shown_and_up_goes_on(user: User) -> None:
    kubernetes = user.kubernetes
    values = user.values("base")
    message = user.failed(*user.arguments(values, "--", "--values=/missing.yaml"))
    assert "/missing.yaml" in message
    user.down()
    user.require_nothing_left()

    kubernetes.kubectl.run("create", "namespace", NAMESPACE)
    kubernetes.kubectl("create", "serviceaccount", "crossplane", INSIDE)
    message = user.failed(*user.arguments(values))
    assert "invalid ownership metadata" in message
    assert "hint: correct the problem that helm reports, and run the same command again" in message
    kubernetes.kubectl("delete", "serviceaccount", "crossplane", INSIDE)
    user.up(values)
    user.down()
    user.require_nothing_left()


def test_a_rejected_api_is_in_the_report_and_up_goes_on(user: User) -> None:
    values = user.values("base", "other")
    definition = user.folder / "base" / "definition.yaml"
    right = definition.read_text()
    definition.write_text(right.replace("type: string", "type: intger"))
    message = user.failed(*user.arguments(values))
    assert "error: package base: " in message
    assert 'Unsupported value: "intger"' in message
    definition.write_text(right)
    user.up(values)
    user.kubernetes.wait_until_healthy(["base", "other"])
    user.down()
    user.require_nothing_left()


def test_the_state_of_a_pod_that_does_not_start_is_shown(user: User) -> None:
    image: Plain = {"repository": "docker.io/library/busybox", "tag": "0.0.0"}
    values = user.values("base", copier={"image": image})
    with user.start(*user.arguments(values)) as popen:
        assert popen.stderr
        parts = ("deployment crossplane", "ErrImagePull: ")
        assert any(all(part in text for part in parts) for text in popen.stderr)
        os.killpg(popen.pid, signal.SIGINT)
        popen.communicate()
    user.down()
    user.require_nothing_left()
    user.up(user.values("base"))
    user.down()
    user.require_nothing_left()


INTERRUPTIONS = ("helm upgrade", "deployment crossplane", "base")


@pytest.mark.parametrize("line_start", INTERRUPTIONS)
@pytest.mark.parametrize("then", ["up", "down"])
def test_an_interrupt_leaves_nothing_that_hinders(user: User, line_start: str, then: str) -> None:
    values = user.values("base")
    with user.start(*user.arguments(values)) as popen:
        assert popen.stderr
        for text in popen.stderr:
            if text.startswith(line_start):
                os.killpg(popen.pid, signal.SIGINT)
                break
        popen.communicate()
    assert popen.returncode == 130
    if then == "up":
        user.up(values)
        user.kubernetes.wait_until_healthy(["base"])
    user.down()
    user.require_nothing_left()


def test_two_at_once_on_one_release(user: User) -> None:
    arguments = user.arguments(user.values("base"))
    with user.start(*arguments) as first, user.start(*arguments) as second:
        for popen in (first, second):
            _, message = popen.communicate()
            assert popen.returncode == 0, message
    user.kubernetes.wait_until_healthy(["base"])
    user.down()
    user.require_nothing_left()


ENDLESS = ("--wait", "--set=resourcesCrossplane.limits.cpu=1k,resourcesCrossplane.requests.cpu=1k")
"""The options of a helm command that waits for a pod for which no node is large enough."""


def test_another_helm_command_is_awaited_and_a_killed_one_replaced(user: User) -> None:
    kubernetes = user.kubernetes
    values = user.values("base")
    user.up(values)
    [secret] = kubernetes.names("secrets", selector="owner=helm,status=deployed")
    user.values("base", "more")
    with user.start(*user.arguments(values, "--", *ENDLESS)) as popen:
        until(lambda: _pending(kubernetes), "helm is at work")
        os.killpg(popen.pid, signal.SIGKILL)
        popen.communicate()
    message = user.refused(*user.arguments(values, "--timeout=3"))
    assert "another helm command is at work on the release crossplane" in message
    kubernetes.kubectl("delete", "secret", INSIDE, "--selector=owner=helm,status!=deployed")
    user.up(values)
    user.down()
    user.require_nothing_left()
    assert secret not in kubernetes.names("secrets")


def _pending(kubernetes: Kubernetes) -> str | None:
    selector = "owner=helm,status in (pending-install, pending-upgrade)"
    return None if kubernetes.names("secrets", selector=selector) else "nothing is pending"


def test_resources_stop_down_and_unload(user: User) -> None:
    kubernetes = user.kubernetes
    values = user.values("base")
    user.up(values)
    extra = configuration(user.folder, "extra")
    user.devcache.run_logged("push", extra)
    for name in ("base", "extra"):
        kubernetes.apply(instance(name))

    assert f"unloading extra would delete the resources of their APIs: {KIND['extra']} one" in (
        user.refused("unload", "extra")
    )
    kubernetes.wait_until_healthy(["base", "extra"])
    user.devcache.run_logged("unload", "extra", "--delete-resources")
    assert not kubernetes.read(f"crd/{api('extra')}", "{.kind}")

    assert f"{KIND['base']} one" in user.refused("down")
    kubernetes.wait_until_healthy(["base"])
    assert f"{KIND['base']} one" in user.refused(*user.arguments(user.values("other")))
    user.down("--delete-resources")
    user.require_nothing_left()


def test_the_commands_of_the_chart_remove_everything_in_order(user: User) -> None:
    user.up(user.values("base", "top"))
    user.kubernetes.apply(instance("base"))
    for command in uninstall_commands():
        run = subprocess.run(
            ["sh", "-c", command],
            env={**os.environ, **user.devcache.environment, "PATH": _path(user)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if not command.startswith(("kubectl delete claim", "kubectl delete composite")):
            assert run.returncode == 0, f"{command}\n{run.stdout}\n{run.stderr}"
    until(lambda: " ".join(user.kubernetes.names("pods")), "no pod is left")
    user.require_nothing_left()


KIND = {"base": "XBase", "extra": "XExtra"}


def instance(name: str) -> str:
    """Return the manifest of a composite resource of a package that `configuration` writes."""
    group = api(name).partition(".")[2]
    return json.dumps(
        {
            "apiVersion": f"{group}/v1",
            "kind": KIND[name],
            "metadata": {"name": "one"},
            "spec": {"size": "large"},
        }
    )


def uninstall_commands() -> Sequence[str]:
    """Return the commands in the section on the uninstall in the README of the chart."""
    text = (ROOT / "charts" / "crossplane-devcache" / "README.md").read_text()
    block = re.search(r"## Uninstall\n.*?```console\n(.*?)```", text, re.DOTALL)
    assert block
    return block[1].replace("\\\n", "").splitlines()


def _path(user: User) -> str:
    kubectl = Path(user.kubernetes.kubectl.path).parent
    return os.pathsep.join((str(kubectl), user.devcache.environment["PATH"]))


RUNS = 3
"""The number of installations of each way."""


def test_up_beside_the_same_by_hand(user: User) -> None:
    """Measure installations of two Configurations on empty clusters; the node has the images."""
    values = user.values("base", "top")
    by_hand = "crds, helm, kubectl wait"
    ways: dict[str, Callable[[Path], object]] = {"up": user.up, by_hand: user.install_by_hand}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(RUNS):
        for way, install in ways.items():
            user.crossplane.ensure_empty_cluster()
            start = time.monotonic()
            install(values)
            seconds[way].append(time.monotonic() - start)
            user.kubernetes.wait_until_healthy(["base", "top"])
    medians = {way: median(times) for way, times in seconds.items()}
    log.info("%s: seconds to Healthy, median (slowest)", user.crossplane.line)
    for way, times in seconds.items():
        log.info("%-32s%6d%16s", way, len(times), f"{medians[way]:.2f} ({max(times):.2f})")
    log.info("ratio: %.2f", medians["up"] / medians[by_hand])


def test_providers_and_functions_run_from_their_files_alone(
    user: User, cluster: Cluster, registry: Registry, fleet: Declarations, line: Line
) -> None:
    """No registry has the images, and no pod asks a registry for a package."""
    shelf = registry.shelf
    user.kubernetes.apply(yaml.safe_dump_all(SEE_DEFINITIONS))
    sources = {
        "provider-nop": shelf.provider_nop_source(),
        "function-auto-ready": shelf.auto_ready(line),
        "function-zones": ROOT / "examples/function-zones/package",
    }
    packages: dict[str, Plain] = {}
    for name, declaration in fleet.items():
        runtime_name = next((runtime for runtime in RUNTIMES if name.endswith(runtime)), "")
        entry: dict[str, Plain] = dict(declaration)
        if runtime_name:
            root = sources[runtime_name]
            path = shelf.build(f"embedded-{runtime_name}", root, runtime(runtime_name))
            entry |= {"path": str(path), "runtimeImage": "embedded"}
        packages[name] = entry
    values: Plain = {"crossplane": COMMON_VALUES, "devcache": {"packages": packages}}
    file = user.folder / "values.yaml"
    file.write_text(json.dumps(values))
    command = shlex.join(namespaces.nsenter(cluster.init, images.IMPORT))
    report = user.up(file, f"--loader={command}")
    assert {step["step"] for step in steps(report)} >= {"loaded the images", "Healthy"}
    kubernetes = user.kubernetes
    kubernetes.wait_until_healthy(fleet)
    kubernetes.kubectl("apply", "--filename=examples/fleet/examples")
    kubernetes.wait_until_ready("xfleets/example")
    assert registry.requests(FLEET) == []
    assert user.up(file, f"--loader={command}")["upgraded"] is False
    assert "XFleet example" in user.refused("down")
    user.down("--delete-resources")
    user.require_nothing_left()


def steps(report: Report) -> list[dict[str, str]]:
    """Return the steps of a report."""
    values = report["steps"]
    assert isinstance(values, list)
    return [{"step": str(step["step"])} for step in values if isinstance(step, dict)]
