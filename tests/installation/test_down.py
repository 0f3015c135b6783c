"""Tests of `down`, against an API server on loopback and a stand-in for helm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.shared.command import Command
from tests.shared.installation import Place, package, place, store_api, store_definition, uninstall
from tests.shared.live_release import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.crossplane.versions import Version
    from postrender.manifests.nodes import Plain

OURS = {"configurations", "configurationrevisions", "imageconfigs", "configmaps", "leases"}


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes]) -> Command:
    return Command(capfdbinary)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path, package(tmp_path)) as parts:
        parts.helm.set_release()
        yield parts


def revision(parts: Place) -> str:
    """Return the name of the only revision."""
    [name] = [
        name for resource, name in parts.cluster.objects if resource == "configurationrevisions"
    ]
    return name


def report(command: Command, *arguments: str) -> dict[str, list[str]]:
    """Run `down`, which must succeed, and return its report."""
    run = command("down", "-o", "json", *arguments)
    assert run.status == 0, run.stderr
    run.json("down")
    result: dict[str, list[str]] = json.loads(run.stdout)
    return result


def remaining_resources(parts: Place) -> set[str]:
    """Return the resources that still have objects."""
    return {resource for resource, _ in parts.cluster.objects} & {
        *OURS,
        "compositeresourcedefinitions",
    }


@VERSIONS
def test_down_removes_the_packages_and_then_the_release(
    tmp_path: Path, command: Command, version: Version
) -> None:
    with place(tmp_path, package(tmp_path), version=version) as parts:
        parts.helm.set_release()
        store_api(parts.cluster, revision(parts))
        name = "crossplane-leader-election-core"
        parts.cluster.store(("leases", name), {"metadata": {"name": name}})
        assert report(command)["removed"] == ["Configuration platform", "release crossplane"]
        assert parts.helm.runs == [["uninstall", "crossplane", "--namespace", "crossplane-system"]]
        assert remaining_resources(parts) == set()
        assert report(command)["removed"] == []


def test_without_a_running_crossplane_down_removes_the_finalizers(
    cluster: Place, command: Command
) -> None:
    store_api(cluster.cluster, revision(cluster))
    lock: Plain = {"name": "lock", "finalizers": ["lock.pkg.crossplane.io"]}
    cluster.cluster.store(("locks", "lock"), {"metadata": lock})
    uninstall(cluster)
    (cluster.helm.folder / "release.json").unlink()
    assert report(command)["removed"] == ["Configuration platform"]
    assert remaining_resources(cluster) == set()
    assert not cluster.cluster.objects["locks", "lock"]["metadata"].get("finalizers")  # type: ignore[union-attr]


@pytest.mark.parametrize("running", [True, False])
def test_resources_stop_it_and_are_named(
    cluster: Place, command: Command, *, running: bool
) -> None:
    store_api(cluster.cluster, revision(cluster))
    cluster.cluster.store(("xdatabases", "orders"), {"metadata": {"name": "orders"}})
    if not running:
        uninstall(cluster)
    before = dict(cluster.cluster.objects)
    message = command("down").message()
    assert "removing the packages would delete the resources of their APIs: XDatabase o" in message
    hint = "run the same command with --delete-resources" if running else "run `up` first"
    assert hint in message
    assert cluster.cluster.objects == before
    assert cluster.helm.runs == []
    assert (command("down", "--delete-resources").status == 0) == running


def test_claims_are_deleted_before_what_they_own(cluster: Place, command: Command) -> None:
    store_api(cluster.cluster, revision(cluster))
    definition = ("compositeresourcedefinitions", "xdatabases.acme.example.org")
    spec: Plain = {
        "group": "acme.example.org",
        "names": {"kind": "XDatabase", "plural": "xdatabases"},
        "claimNames": {"kind": "Database", "plural": "databases"},
    }
    cluster.cluster.store(definition, {**cluster.cluster.objects[definition], "spec": spec})
    store_definition(cluster.cluster, "Database", "acme.example.org", namespaced=True)
    claim: Plain = {"name": "orders", "namespace": "shop"}
    cluster.cluster.store(("databases", "orders"), {"metadata": claim})
    owner: Plain = {"name": "orders", "controller": True}
    owned: Plain = {"name": "orders-x", "ownerReferences": [owner]}
    cluster.cluster.store(("xdatabases", "orders-x"), {"metadata": owned})
    message = command("down").message()
    assert "Database orders in shop, XDatabase orders-x" in message
    assert command("down", "--delete-resources").status == 0
    assert remaining_resources(cluster) == set()


def test_managed_resources_of_a_provider_count(cluster: Place, command: Command) -> None:
    name = revision(cluster)
    key = ("configurationrevisions", name)
    references: Plain = [{"kind": "CustomResourceDefinition", "name": "buckets.acme.example.org"}]
    status = cluster.cluster.objects[key]["status"]
    assert isinstance(status, dict)
    cluster.cluster.store(
        key, {**cluster.cluster.objects[key], "status": {**status, "objectRefs": references}}
    )
    store_definition(cluster.cluster, "Bucket", "acme.example.org")
    cluster.cluster.store(("buckets", "photos"), {"metadata": {"name": "photos"}})
    assert "Bucket photos" in command("down").message()


def test_a_foreign_package_stays_and_is_named(cluster: Place, command: Command) -> None:
    metadata: Plain = {"name": "theirs"}
    spec: Plain = {"package": "registry.example.com/acme/theirs:v1.0.0"}
    cluster.cluster.apply(("providers", "theirs"), {"metadata": metadata, "spec": spec}, "kubectl")
    kept = report(command, "--purge")["kept"]
    assert kept[0] == "Provider theirs: neither this project nor the release added it"
    assert "CRDs of Crossplane: they would delete Provider theirs" in kept[1]
    assert ("providers", "theirs") in cluster.cluster.objects


def test_purge_removes_the_definitions_and_the_namespace(cluster: Place, command: Command) -> None:
    assert report(command, "--purge")["kept"] == []
    assert not [key for key in cluster.cluster.objects if key[0] == "customresourcedefinitions"]
    assert ("namespaces", "crossplane-system") not in cluster.cluster.objects


def test_purge_keeps_a_namespace_with_other_objects(cluster: Place, command: Command) -> None:
    cluster.cluster.store(("secrets", "credentials"), {"metadata": {"name": "credentials"}})
    kept = "namespace crossplane-system: it contains Secret credentials"
    assert report(command, "--purge")["kept"] == [kept]
    assert ("namespaces", "crossplane-system") in cluster.cluster.objects


def test_a_release_without_packages_from_disk_is_refused(tmp_path: Path, command: Command) -> None:
    with place(tmp_path) as parts:
        parts.helm.set_release()
        for key in [key for key in parts.cluster.objects if key[0] == "configmaps"]:
            del parts.cluster.objects[key]
        message = command("down").message()
        assert "the release crossplane has no packages from disk: it is not of this proj" in message
        assert parts.helm.runs == []


def test_a_killed_uninstall_is_completed(cluster: Place, command: Command) -> None:
    cluster.helm.set_release(status="uninstalling")
    assert command("down").status == 0
    assert len(cluster.helm.runs) == 1
    assert remaining_resources(cluster) == set()


def test_a_failure_of_helm_is_shown_and_down_goes_on(cluster: Place, command: Command) -> None:
    cluster.helm.fail("uninstall", "Error: timed out")
    run = command("down")
    assert run.status == 1
    assert "helm uninstall ended with status 1: timed out" in run.stderr
    assert command("down").status == 0
    assert remaining_resources(cluster) == set()


@pytest.mark.parametrize("arguments", [("down",), ("up", "x")])
def test_another_namespace_than_that_of_crossplane_is_refused(
    cluster: Place, command: Command, arguments: tuple[str, ...]
) -> None:
    before = dict(cluster.cluster.objects)
    message = command(*arguments, "-n", "other").message()
    assert (
        "Crossplane runs in the namespace crossplane-system\nhint: name this namespace: -n cross"
        in message
    )
    assert cluster.cluster.objects == before


def test_a_crossplane_without_a_release_stays_and_is_named(
    cluster: Place, command: Command
) -> None:
    (cluster.helm.folder / "release.json").unlink()
    name = "crossplane-leader-election-core"
    cluster.cluster.store(("leases", name), {"metadata": {"name": name}})
    kept = report(command, "--purge")["kept"]
    assert "Deployment crossplane: no release of Helm owns it" in kept
    assert ("leases", name) in cluster.cluster.objects
    definition = "configurations.pkg.crossplane.io"
    assert ("customresourcedefinitions", definition) in cluster.cluster.objects
    assert remaining_resources(cluster) == {"leases"}
