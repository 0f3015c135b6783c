"""Tests a persistent volume as the writable cache."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

import yaml

from tests.e2e.kubernetes import CORE, INSIDE, NAMESPACE, field_type
from tests.e2e.packages import Dependency, api, configuration, local

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.cluster import Cluster
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.registry import Registry
    from tests.shared.programs import Plain

CLAIM = "package-cache"

VALUES: dict[str, Plain] = {
    "packageCache": {"pvc": CLAIM},
    # The old pod still uses the volume when the copier of the new pod changes it.
    "deploymentStrategy": "RollingUpdate",
}


def test_a_volume_claim_keeps_the_cache_without_removed_packages(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    cluster: Cluster,
    registry: Registry,
    tmp_path: Path,
) -> None:
    volume = f"{CLAIM}-{crossplane.line}"
    cache = cluster.folder(volume)
    kubernetes.apply(manifests(volume, cache))

    registry.publish(configuration(tmp_path, "pulled"), "acme/pulled", "v1.2.0")
    depends = [Dependency(f"{registry.address}/acme/pulled", ">=v1.0.0")]
    stays = configuration(tmp_path, "stays", depends)
    leaves = configuration(tmp_path, "leaves")
    declarations = {"stays": local(stays), "leaves": local(leaves)}
    crossplane.deploy(declarations, VALUES)
    kubernetes.wait_until_healthy([*declarations, "acme-pulled"])
    first = files(cache)
    ours = {content(stays), content(leaves)}
    [pulled_file] = [file for file in first if contents(cache)[file] not in ours]
    assert set(contents(cache).values()) > ours
    assert len(first) == len(ours) + 1

    # The pod ends.
    [pod] = kubernetes.pods()
    kubernetes.kubectl.run_logged("delete", "pod", pod, INSIDE)
    kubernetes.wait_until_pods_ready(1, CORE)
    assert files(cache) == first, "the copier wrote no file again"
    log_lines = kubernetes.copier().splitlines()
    assert [line.split()[:2] for line in log_lines] == [
        ["unchanged", "leaves"],
        ["unchanged", "stays"],
    ]
    kubernetes.recreate_api("stays", api("stays"))
    kubernetes.wait_until_healthy([*declarations, "acme-pulled"])

    # In one rollout, one package changes and another is removed.
    [pod] = kubernetes.pods()
    configuration(tmp_path, "stays", depends, field="colour")
    crossplane.deploy({"stays": declarations["stays"]}, VALUES)
    kubernetes.wait_until_gone(f"crd/{api('leaves')}")
    kubernetes.wait_until_value(f"crd/{api('stays')}", field_type("colour"), "string")
    kubernetes.wait_until_healthy(["stays", "acme-pulled"])
    kubernetes.wait_until_gone(f"pod/{pod}")
    assert sorted(contents(cache).values()) == sorted(
        [content(stays), contents(cache)[pulled_file]]
    )
    assert files(cache)[pulled_file] == first[pulled_file], (
        "the copier left the file of Crossplane unchanged"
    )

    crossplane.deploy({}, VALUES)
    kubernetes.wait_until_gone(f"crd/{api('stays')}")
    assert set(files(cache)) == {pulled_file}
    assert files(cache)[pulled_file] == first[pulled_file]
    kubernetes.wait_until_healthy(["acme-pulled"])

    kubernetes.kubectl("delete", "configuration.pkg.crossplane.io/acme-pulled")
    kubernetes.wait_until_gone(f"crd/{api('pulled')}")
    # No pod may use the claim. Helm 4 cannot reset the strategy, but it recreates Deployments.
    crossplane.state = None
    resources = ["deployments/crossplane", "deployments/crossplane-rbac-manager"]
    resources += [f"persistentvolumeclaims/{CLAIM}", f"persistentvolumes/{volume}"]
    for resource in resources:
        kubernetes.kubectl("delete", resource, INSIDE)


def manifests(name: str, folder: Path) -> str:
    """Return a PersistentVolume in a folder of the node, its claim and their namespace."""
    modes: list[Plain] = ["ReadWriteOnce"]
    volume: Plain = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": modes,
            "capacity": {"storage": "100Mi"},
            "hostPath": {"path": str(folder)},
            "storageClassName": "",
        },
    }
    claim: Plain = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM},
        "spec": {
            "accessModes": modes,
            "resources": {"requests": {"storage": "100Mi"}},
            "storageClassName": "",
            "volumeName": name,
        },
    }
    namespace: Plain = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    return yaml.safe_dump_all([namespace, volume, claim])


def files(cache: Path) -> dict[str, tuple[int, int]]:
    """Return the inode and the modification time of each file in the cache."""
    statuses = {file: file.stat() for file in cache.rglob("*") if file.is_file()}
    return {
        str(file.relative_to(cache)): (status.st_ino, status.st_mtime_ns)
        for file, status in statuses.items()
    }


def contents(cache: Path) -> dict[str, str]:
    """Return the sha256 of the decompressed content of each file in the cache."""
    return {
        file: hashlib.sha256(gzip.decompress((cache / file).read_bytes())).hexdigest()
        for file in files(cache)
    }


def content(package: Path) -> str:
    """Return the sha256 of the package.yaml of a directory that `configuration` wrote."""
    pieces = [(package / name).read_text() for name in ("crossplane.yaml", "definition.yaml")]
    return hashlib.sha256("---\n".join(pieces).encode()).hexdigest()
