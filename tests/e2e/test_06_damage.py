"""Tests a damaged package, and the write permissions of Crossplane."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.e2e.kubernetes import INSIDE
from tests.e2e.node import CONTAINER
from tests.e2e.packages import api, configuration, local
from tests.e2e.waiting import until, until_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.node import Node
    from tests.e2e.packages import Declarations
    from tests.e2e.registry import Registry

PAYLOAD = "configmap/crossplane-devcache"

TOUCH = "setpriv --reuid=65532 --regid=65532 --clear-groups busybox touch"
"""Writes as the user of Crossplane, whose image has no program for it."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Declarations:
    """Two packages that all scenarios of the file share."""
    folder = tmp_path_factory.mktemp("damage")
    return {name: local(configuration(folder, name)) for name in ("fragile", "sound")}


@pytest.fixture
def pulled_manifest(registry: Registry, tmp_path: Path) -> str:
    """The manifest of a Configuration in the registry that no release declares."""
    registry.publish(configuration(tmp_path, "pulled"), "acme/pulled", "v0.1.0")
    return yaml.safe_dump(
        {
            "apiVersion": "pkg.crossplane.io/v1",
            "kind": "Configuration",
            "metadata": {"name": "pulled"},
            "spec": {"package": f"{registry.address}/acme/pulled:v0.1.0"},
        }
    )


def test_crossplane_can_write_its_cache_but_not_the_packages(
    crossplane: Crossplane, kubernetes: Kubernetes, node: Node, packages: Declarations
) -> None:
    crossplane.ensure(packages)
    [pod] = kubernetes.pods()
    mounts = '{.spec.containers[?(@.name=="crossplane")].volumeMounts'
    cache = kubernetes.read(f"pod/{pod}", f'{mounts}[?(@.name=="package-cache")].mountPath}}')
    assert touch(node, f"{cache}/written") == ""
    assert "written" in node.cached_files()
    node.cluster.run("rm", f"{node.cache_folder()}/written")
    assert touch(node, "/devcache/written").endswith(": Read-only file system\n")


@pytest.mark.smoke
def test_a_damaged_package_stops_the_copier_and_the_cache_stays_unchanged(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    node: Node,
    packages: Declarations,
    pulled_manifest: str,
) -> None:
    crossplane.ensure(packages)
    kubernetes.apply(pulled_manifest)
    kubernetes.wait_until_healthy(["pulled"])
    before = checksums(node)
    assert len(before) > len(packages) == len(node.loaded_files()), "Crossplane also wrote a file"

    [pod] = kubernetes.pods()
    damage(kubernetes, node, pod, "fragile.xz")
    node.kill_sandbox(pod)
    until_text(kubernetes.copier, "the copier refuses fragile.xz", "error: fragile.xz: damaged")
    assert kubernetes.read(f"pod/{pod}", f"{CONTAINER}.state.running}}") == "", (
        "Crossplane does not run"
    )
    assert checksums(node) == before

    # Helm 4 alone reports a conflict for a field that kubectl has changed.
    kubernetes.kubectl.run_logged("delete", PAYLOAD, INSIDE)
    crossplane.helm.run_logged(*crossplane.upgrade(packages), "--wait")
    assert kubernetes.pods() == [pod], "the same pod, with the same cache"
    assert checksums(node) == before
    kubernetes.recreate_api("fragile", api("fragile"))
    kubernetes.wait_until_healthy([*packages, "pulled"])
    kubernetes.kubectl("delete", "configurations.pkg.crossplane.io", "pulled")


def touch(node: Node, path: str) -> str:
    """Create an empty file in the container of Crossplane, and return the error message."""
    root = f"/proc/{node.pid()}/root"
    return node.cluster.run("sh", "-c", f"{TOUCH} {root}{path} 2>&1; true")


def checksums(node: Node) -> set[str]:
    """Return a line with the sha256 and the path of each file in the writable cache."""
    find = ("find", node.cache_folder(), "-type", "f", "-exec", "sha256sum", "{}", "+")
    return set(node.cluster.run(*find).splitlines())


def damage(kubernetes: Kubernetes, node: Node, pod: str, key: str) -> None:
    """Change one bit of a packed package, and return when the pod has the change."""
    mounted = f"/proc/{node.pid()}/root/devcache/{key}"
    before = node.cluster.run("sha256sum", mounted)
    content = bytearray(base64.b64decode(kubernetes.read(PAYLOAD, f"{{.binaryData['{key}']}}")))
    content[len(content) // 2] ^= 1
    patch = yaml.safe_dump({"binaryData": {key: base64.b64encode(content).decode()}})
    kubernetes.kubectl("patch", PAYLOAD, INSIDE, "--type=merge", f"--patch={patch}")
    # Without a change of the pod, kubelet takes up to a minute.
    kubernetes.kubectl("annotate", "pod", pod, INSIDE, "e2e.example.org/damaged=yes")
    until(
        lambda: "not yet" if node.cluster.run("sha256sum", mounted) == before else None,
        f"the damaged {key} is in the pod",
    )
