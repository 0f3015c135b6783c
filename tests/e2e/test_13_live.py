"""Live mode: a saved package in the cluster a moment later, and Helm that knows nothing of it."""

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
from tests.e2e.loop import Took, established, said, slow, table, watching
from tests.e2e.packages import api, configuration, local
from tests.e2e.waiting import until
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.cluster import Cluster
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.loop import Seen
    from tests.e2e.node import Node
    from tests.e2e.packages import Declared
    from tests.e2e.registry import Registry

    Reported = dict[str, list[dict[str, str]]]

log = logging.getLogger(__name__)

EDITS = 20
FEWER = 3
"""Edits by other means, which take longer."""

API = "pkg.crossplane.io/v1"
PUSHED = "crossplane-devcache/pushed=true"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture
def packages(folder: Path) -> Declared:
    """Two packages, as they were before any edit."""
    return {name: local(configuration(folder, name)) for name in ("edited", "other")}


@pytest.fixture
def live(crossplane: Crossplane, packages: Declared) -> Iterator[Crossplane]:
    """A release in live mode that has nothing but these packages, and loses what is pushed."""
    crossplane.given(packages, live=True)
    yield crossplane
    for name in crossplane.kubernetes.names(*KINDS, selector=PUSHED):
        crossplane.devcache("unload", name)
    crossplane.state = None


def push(crossplane: Crossplane, *arguments: str | Path) -> Reported:
    """Push, and return what the command reports."""
    reported: Reported = json.loads(crossplane.devcache.told("push", "--output=json", *arguments))
    return reported


def changes(reported: Reported) -> dict[str, str]:
    """Return what a push says that it changed, by package."""
    return {one["name"]: one["change"] for one in reported["packages"]}


def has(kubernetes: Kubernetes, package: str, field: str) -> None:
    """Return when the API that a package brings has a field, and is established."""
    kubernetes.becomes(f"crd/{api(package)}", field_type(field), "string")
    kubernetes.becomes(f"crd/{api(package)}", condition("Established"), "True")


def test_twenty_edits_in_a_row(
    live: Crossplane, kubernetes: Kubernetes, registry: Registry, folder: Path, packages: Declared
) -> None:
    """And the same by other means: each helm upgrade, or a registry and another tag."""
    pods, ways = kubernetes.pods(), dict[str, list[Took]]()
    with established(kubernetes.kubectl, api("edited")) as seen:
        ways["watch"] = saved(live, folder, seen)
        assert kubernetes.pods() == pods, "no pod was replaced"
        kubernetes.healthy(packages)
        ways["helm upgrade"] = upgraded(live, kubernetes, folder, packages, seen)
    ways["build, push, another tag"] = published(kubernetes, registry, folder)
    keyed_by = "digest" if live.line.at_least >= (2, 2) else "path"
    log.info("%s", table(str(live.line), ways))
    log.info("slower than wanted: %s", "; ".join(slow(ways["watch"], keyed_by)) or "none")


def saved(live: Crossplane, folder: Path, seen: Seen) -> list[Took]:
    """Save twenty edits, each when the one before is Healthy."""
    found = []
    with watching(live.devcache, folder / "edited") as running:
        said(running)
        for edit in range(EDITS):
            configuration(folder, "edited", field=f"saved{edit}")
            start = time.monotonic()
            line = said(running)
            healthy = time.monotonic() - start
            assert "Healthy" in line
            found.append(Took(seen.at(f"saved{edit}") - start, healthy, line))
    return found


def upgraded(
    live: Crossplane, kubernetes: Kubernetes, folder: Path, packages: Declared, seen: Seen
) -> list[Took]:
    """Run the helm command of the README after each edit."""
    found = []
    for edit in range(FEWER):
        configuration(folder, "edited", field=f"upgraded{edit}")
        start = time.monotonic()
        live.deploy(packages)
        at = seen.at(f"upgraded{edit}") - start
        kubernetes.healthy(["edited"])
        found.append(Took(at, time.monotonic() - start))
    return found


def published(kubernetes: Kubernetes, registry: Registry, folder: Path) -> list[Took]:
    """Build each edit, push it to the registry of this machine, and change the tag."""
    found = []
    for edit in range(FEWER + 1):
        package = configuration(folder, "published", field=f"published{edit}")
        start = time.monotonic()
        registry.publish(package, "acme/published", f"v0.0.{edit}")
        spec = {"package": f"{registry.at}/acme/published:v0.0.{edit}"}
        document = {"apiVersion": API, "kind": "Configuration", "metadata": {"name": "published"}}
        kubernetes.apply(json.dumps({**document, "spec": spec}))
        if edit == 0:
            kubernetes.healthy(["published"])
            continue
        with established(kubernetes.kubectl, api("published")) as seen:
            at = seen.at(f"published{edit}") - start
        kubernetes.healthy(["published"])
        found.append(Took(at, time.monotonic() - start))
    kubernetes.kubectl("delete", "configuration.pkg.crossplane.io/published")
    kubernetes.gone(f"crd/{api('published')}")
    return found


@pytest.mark.smoke
def test_a_push_says_what_it_did_and_then_that_nothing_is_to_do(
    live: Crossplane, kubernetes: Kubernetes, folder: Path
) -> None:
    package = configuration(folder, "edited", field="pushed")
    reported = push(live, package)
    assert changes(reported) == {"edited": "changed"}
    for step in reported["steps"]:
        log.info("  %s: %s s", step["step"], step["seconds"])
    has(kubernetes, "edited", "pushed")
    assert changes(push(live, package)) == {"edited": "same"}


@pytest.mark.usefixtures("live")
def test_the_sidecar_takes_next_to_no_cpu_while_idle(kubernetes: Kubernetes, node: Node) -> None:
    [pod] = kubernetes.pods()
    before, start = node.cpu(pod), time.monotonic()
    time.sleep(30)
    share = (node.cpu(pod) - before) / (time.monotonic() - start)
    log.info("  %.2f %% of a core", share * 100)
    assert share < 0.05, "far above what any machine needs for it"


def test_helm_takes_back_what_was_pushed_and_needs_no_force(
    live: Crossplane, kubernetes: Kubernetes, folder: Path, packages: Declared
) -> None:
    for field in ("one", "two", "three"):
        push(live, configuration(folder, "edited", field=field))
    configuration(folder, "edited")
    live.deploy(packages)  # the same that it was deployed with before
    has(kubernetes, "edited", "size")
    kubernetes.healthy(packages)

    push(live, configuration(folder, "edited", field="four"))
    has(kubernetes, "edited", "four")
    live.rollback()
    has(kubernetes, "edited", "size")
    kubernetes.healthy(packages)


def test_a_package_that_nobody_declares_stays_until_it_is_unloaded(
    live: Crossplane, kubernetes: Kubernetes, folder: Path, packages: Declared
) -> None:
    extra = configuration(folder, "extra")
    assert changes(push(live, extra)) == {"extra": "new"}
    assert kubernetes.names(KINDS[0], selector=PUSHED) == {"extra"}
    live.deploy(packages)
    kubernetes.made_anew("extra", api("extra"))
    kubernetes.healthy(["edited", "other", "extra"])
    assert "pushed" in live.devcache("status")

    live.devcache.told("unload", "extra")
    kubernetes.gone(f"crd/{api('extra')}")
    assert kubernetes.read("configmap/crossplane-devcache", "{.data.pushed}") == ""


def test_a_release_comes_to_declare_what_was_pushed(
    live: Crossplane, kubernetes: Kubernetes, folder: Path, packages: Declared
) -> None:
    extra = configuration(folder, "extra")
    push(live, extra)
    both = {**packages, "extra": local(extra)}
    live.deploy(both)
    kubernetes.healthy(both)
    assert changes(push(live, extra)) == {"extra": "same"}
    declared = str(both["extra"]["package"])
    assert kubernetes.read("configuration.pkg.crossplane.io/extra", "{.spec.package}") == declared
    live.deploy(packages)
    kubernetes.gone(f"crd/{api('extra')}")


def test_each_replica_is_waited_for(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    node: Node,
    folder: Path,
    packages: Declared,
) -> None:
    crossplane.given(packages, {"replicas": 2}, live=True)
    push(crossplane, configuration(folder, "edited", field="both"))
    one, other = kubernetes.pods()
    assert node.loaded(one) == node.loaded(other)
    has(kubernetes, "edited", "both")
    crossplane.state = None


def test_a_pod_that_restarts_in_the_middle_is_waited_for(
    live: Crossplane, kubernetes: Kubernetes, folder: Path
) -> None:
    kubernetes.kubectl("delete", "pod", f"--selector={CORE}", INSIDE, "--wait=false")
    push(live, configuration(folder, "edited", field="restarted"))
    has(kubernetes, "edited", "restarted")
    kubernetes.all_ready(1, CORE)


def test_two_pushes_at_once_leave_one_of_them_whole(
    live: Crossplane, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    def both(field: str) -> None:
        folder = tmp_path / field
        paths = [configuration(folder, name, field=field) for name in ("edited", "other")]
        live.devcache.ended("push", *paths)  # one may be told that the other was later

    threads = [threading.Thread(target=both, args=[field]) for field in ("mine", "theirs")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def mixed() -> str | None:
        found = [
            {f for f in ("mine", "theirs") if kubernetes.read(f"crd/{api(name)}", field_type(f))}
            for name in ("edited", "other")
        ]
        return None if found[0] == found[1] and len(found[0]) == 1 else str(found)

    until(mixed, "both packages are of one push")
    kubernetes.healthy(["edited", "other"])


def test_crossplane_says_itself_why_it_takes_a_package_not(
    live: Crossplane, kubernetes: Kubernetes, folder: Path
) -> None:
    package = configuration(folder, "edited", field="broken")
    file = package / "definition.yaml"
    definition = yaml.safe_load(file.read_text())
    del definition["spec"]["group"]
    file.write_text(yaml.safe_dump(definition))
    ended = live.devcache.ended("push", package)
    assert ended.status == 1, ended.stdout
    assert "Crossplane does not accept it" in ended.stderr
    assert "spec.group" in ended.stderr
    kubernetes.becomes(f"crd/{api('edited')}", condition("Established"), "True")
    push(live, configuration(folder, "edited", field="mended"))
    has(kubernetes, "edited", "mended")


def test_who_may_only_push_can_do_all_of_it(
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
    ended = command.ended("push", package)
    assert ended.status == 1, "nobody has bound the ClusterRole yet"
    assert "not permitted" in ended.stderr
    assert 'cannot list resource "configurationrevisions"' in ended.stderr

    kubernetes.kubectl("create", "clusterrolebinding", *bind, "--clusterrole=devcache-push")
    command("push", package, configuration(folder, "extra"))
    has(kubernetes, "edited", "allowed")
    assert "packages: 3, healthy: 3" in command("status")
    command("unload", "extra")
    for resource in ("clusterrolebinding", "clusterrole"):
        kubernetes.kubectl("delete", resource, "devcache-push")


def test_watch_pushes_what_is_saved_and_outlives_what_is_broken(
    live: Crossplane, kubernetes: Kubernetes, folder: Path
) -> None:
    package = folder / "edited"
    with watching(live.devcache, package) as running:
        assert "Healthy" in said(running)
        configuration(folder, "edited", field="saved")
        assert "Healthy" in said(running)
        has(kubernetes, "edited", "saved")

        (package / "definition.yaml").write_text("kind: [\n")
        line = said(running)
        assert f"{package}/definition.yaml, line" in line
        assert "is not valid YAML" in line
        configuration(folder, "edited", field="mended")
        assert "Healthy" in said(running)
        has(kubernetes, "edited", "mended")
    assert running.returncode == 130


def test_without_live_mode_it_says_what_to_set(
    crossplane: Crossplane, packages: Declared, folder: Path
) -> None:
    crossplane.given(packages)
    ended = crossplane.devcache.ended("push", folder / "edited")
    assert ended.status == 1
    assert "live mode is off" in ended.stderr
    assert "devcache.live" in ended.stderr


def test_nothing_of_it_is_left(crossplane: Crossplane, kubernetes: Kubernetes) -> None:
    crossplane.given({})
    until(lambda: " ".join(kubernetes.names(*KINDS, *REVISIONS)) or None, "no package is left")
    assert not kubernetes.names("imageconfigs.pkg.crossplane.io", selector=PUSHED)
