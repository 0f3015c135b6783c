"""A package that was damaged on its way, and what Crossplane may write and what it may not."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.e2e.crossplane import CONTAINER, CTR
from tests.e2e.kubernetes import NAMESPACE
from tests.e2e.packages import ACME, api, configuration
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declared
    from tests.e2e.registry import Registry

PAYLOAD = "configmap/crossplane-devcache"
INSIDE = f"--namespace={NAMESPACE}"

TOUCH = "setpriv --reuid=65532 --regid=65532 --clear-groups busybox touch"
"""Writes as the user that Crossplane runs as: its image has no program that could."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    """Two packages, the same in all scenarios here."""
    folder = tmp_path_factory.mktemp("damage")
    return {
        name: {"path": str(configuration(folder, name)), "package": f"{ACME}/{name}:v0.1.0"}
        for name in ("fragile", "sound")
    }


def test_crossplane_can_write_its_cache_but_not_the_packages(
    crossplane: Crossplane, kubernetes: Kubernetes, packages: Declared
) -> None:
    crossplane.given(packages)
    [pod] = kubernetes.pods()
    mounts = '{.spec.containers[?(@.name=="crossplane")].volumeMounts'
    cache = kubernetes.read(f"pod/{pod}", f'{mounts}[?(@.name=="package-cache")].mountPath}}')
    assert touched(crossplane, f"{cache}/written") == ""
    assert "written" in crossplane.cached()
    crossplane.cluster.run("rm", f"{crossplane.cache()}/written")
    assert touched(crossplane, "/devcache/written").endswith(": Read-only file system\n")


def test_a_damaged_package_stops_the_copier_and_leaves_the_cache_as_it_is(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    registry: Registry,
    packages: Declared,
    tmp_path: Path,
) -> None:
    crossplane.given(packages)
    ours = crossplane.cached()
    registry.publish(configuration(tmp_path, "pulled"), "acme/pulled", "v0.1.0")
    kubernetes.apply(pulled(f"{registry.at}/acme/pulled:v0.1.0"))
    kubernetes.healthy(["pulled"])
    before = sums(crossplane)
    assert len(before) == len(ours) + 1, "Crossplane wrote one, too"

    [pod] = kubernetes.pods()
    damage(crossplane, kubernetes, pod, "fragile.xz")
    end_sandbox(crossplane, kubernetes, pod)
    until(lambda: _unsaid(kubernetes), "the copier refuses fragile.xz")
    assert kubernetes.read(f"pod/{pod}", f"{CONTAINER}.state.running}}") == "", "no Crossplane"
    assert sums(crossplane) == before

    # Helm 4 alone would leave to kubectl what kubectl has changed: a conflict.
    kubernetes.kubectl.told("delete", PAYLOAD, INSIDE)
    crossplane.helm.told(*crossplane.upgrade(packages), "--wait")
    assert kubernetes.pods() == [pod], "the same pod, with the same cache"
    assert sums(crossplane) == before
    kubernetes.made_anew("fragile", api("fragile"))
    kubernetes.healthy([*packages, "pulled"])
    kubernetes.kubectl("delete", "configurations.pkg.crossplane.io", "pulled")


def touched(crossplane: Crossplane, path: str) -> str:
    """Create an empty file from where Crossplane is, and return the complaint."""
    root = f"/proc/{crossplane.pid()}/root"
    return crossplane.cluster.run("sh", "-c", f"{TOUCH} {root}{path} 2>&1; true")


def pulled(reference: str) -> str:
    """Return the manifest of a Configuration that no release knows of."""
    return yaml.safe_dump(
        {
            "apiVersion": "pkg.crossplane.io/v1",
            "kind": "Configuration",
            "metadata": {"name": "pulled"},
            "spec": {"package": reference},
        }
    )


def sums(crossplane: Crossplane) -> set[str]:
    """Return the sha256 and the path of each file in the writable cache."""
    find = ("find", crossplane.cache(), "-type", "f", "-exec", "sha256sum", "{}", "+")
    return set(crossplane.cluster.run(*find).splitlines())


def damage(crossplane: Crossplane, kubernetes: Kubernetes, pod: str, key: str) -> None:
    """Change one bit of a packed package, and return when the pod has it so."""
    mounted = f"/proc/{crossplane.pid()}/root/devcache/{key}"
    before = crossplane.cluster.run("sha256sum", mounted)
    escaped = key.replace(".", "\\.")
    packed = bytearray(base64.b64decode(kubernetes.read(PAYLOAD, f"{{.binaryData.{escaped}}}")))
    packed[len(packed) // 2] ^= 1
    patch = yaml.safe_dump({"binaryData": {key: base64.b64encode(packed).decode()}})
    kubernetes.kubectl("patch", PAYLOAD, INSIDE, "--type=merge", f"--patch={patch}")
    # Kubelet would take its time, up to a minute, if nothing happened to the pod.
    kubernetes.kubectl("annotate", "pod", pod, INSIDE, "e2e.example.org/damaged=yes")
    until(
        lambda: "not yet" if crossplane.cluster.run("sha256sum", mounted) == before else None,
        f"the damaged {key} is in the pod",
    )


def end_sandbox(crossplane: Crossplane, kubernetes: Kubernetes, pod: str) -> None:
    """Kill what holds a pod together: kubelet starts it anew, on the same volumes."""
    uid = kubernetes.read(f"pod/{pod}", "{.metadata.uid}")
    labels = f'labels."io.kubernetes.pod.uid"=={uid}'
    sandbox = f'{labels},labels."io.cri-containerd.kind"==sandbox'
    [found] = crossplane.cluster.run(*CTR, "containers", "list", "--quiet", sandbox).split()
    crossplane.cluster.run(*CTR, "tasks", "kill", "--signal=SIGKILL", found)


def _unsaid(kubernetes: Kubernetes) -> str | None:
    logs = ("logs", "deploy/crossplane", "--container=devcache-copier", INSIDE)
    said = kubernetes.kubectl.ended(*logs)
    refused = "error: fragile.xz: damaged" in said.stdout
    return None if refused else said.stdout + said.stderr or "nothing is said"
