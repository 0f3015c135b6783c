"""Tests uninstallation in both orders, reinstallation, and migration from upstream's method."""

from __future__ import annotations

import base64
import gzip
import hashlib
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender import packages as product
from postrender.crossplane.references import digest_key
from tests.e2e.kubernetes import KINDS, NAMESPACE, REVISIONS
from tests.e2e.packages import ACME, configuration, local, publish_dependencies
from tests.e2e.waiting import until_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declarations
    from tests.e2e.registry import Registry
    from tests.shared.programs import Plain


@pytest.fixture
def base(tmp_path: Path) -> Declarations:
    """A single package."""
    return {"base": local(configuration(tmp_path, "base"))}


def test_installs_again_after_an_uninstall_in_order(
    crossplane: Crossplane, base: Declarations
) -> None:
    crossplane.ensure(base)
    crossplane.uninstall_in_order()
    crossplane.ensure(base)


def test_installs_again_after_a_bare_uninstall(
    crossplane: Crossplane, kubernetes: Kubernetes, base: Declarations
) -> None:
    crossplane.ensure(base)
    crossplane.uninstall()
    # The new pod may have to wait a minute until the lease of the old pod expires.
    crossplane.deploy(base)
    kubernetes.wait_until_healthy(base)


def test_replaces_the_read_only_cache_of_the_upstream_chart(
    crossplane: Crossplane, kubernetes: Kubernetes, registry: Registry, tmp_path: Path
) -> None:
    demo = configuration(
        tmp_path, "demo", publish_dependencies(registry, crossplane.line, tmp_path)
    )
    crossplane.ensure_uninstalled()
    crossplane.bootstrap()
    upstream = upstreams_own_way(crossplane, registry, demo)
    kubernetes.kubectl.run("create", "namespace", NAMESPACE)
    kubernetes.apply(upstream)
    values: dict[str, Plain] = {"packageCache": {"configMap": "packages"}}
    crossplane.helm.run_logged(*crossplane.upgrade_upstream(values), "--wait")

    # Crossplane 2.2 and later parse while they store, so they report a closed pipe instead.
    until_text(
        lambda: kubernetes.messages(KINDS[0], REVISIONS[0]),
        "Crossplane cannot store the pulled package",
        *("read-only file system", "closed pipe"),
    )
    assert kubernetes.packages()["demo"].healthy != "True"

    crossplane.uninstall()
    kubernetes.kubectl("delete", *("--filename=-", "--wait=false"), stdin=upstream)
    crossplane.forget_leader()
    crossplane.deploy({"demo": local(demo)})
    kubernetes.wait_until_healthy(["demo", "acme-storage", "acme-ready"])


def upstreams_own_way(crossplane: Crossplane, registry: Registry, package: Path) -> str:
    """Return the manifests of a package in a ConfigMap that is itself the cache."""
    package_yaml = product.read(package).package_yaml.content
    content = gzip.compress(package_yaml)
    policy = "Never"
    if crossplane.line.at_least >= (2, 2):
        digest = f"sha256:{hashlib.sha256(package_yaml).hexdigest()}"
        reference, policy = f"{ACME}/demo@{digest}", "IfNotPresent"
        key = digest_key(f"{ACME}/demo", digest)
    elif crossplane.line.at_least >= (2, 0):
        # This Crossplane accepts only references whose cache file names are invalid ConfigMap keys.
        registry.publish(package, "acme/demo", "v0.1.0")
        reference, key, policy = f"{registry.address}/acme/demo:v0.1.0", "demo.gz", "IfNotPresent"
    else:
        reference, key = "demo", "demo.gz"
    config_map: Plain = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "packages", "namespace": NAMESPACE},
        "binaryData": {key: base64.b64encode(content).decode()},
    }
    package_object: Plain = {
        "apiVersion": "pkg.crossplane.io/v1",
        "kind": "Configuration",
        "metadata": {"name": "demo"},
        "spec": {"package": reference, "packagePullPolicy": policy},
    }
    return yaml.safe_dump_all([config_map, package_object])
