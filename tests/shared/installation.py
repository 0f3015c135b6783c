"""A cluster with Crossplane's Deployments, and a stand-in for helm, for `up` and `down`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.shared import stand_in_helm
from tests.shared.fake_cluster import DEPLOYMENT, FakeCluster, released
from tests.shared.live_release import DIGEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.crossplane.versions import Version
    from postrender.declared.devcache import PackageDeclaration
    from postrender.manifests.nodes import Plain
    from tests.shared.stand_in_helm import StandInHelm

GROUP = "pkg.crossplane.io"


class Place(NamedTuple):
    """The cluster and helm."""

    cluster: FakeCluster
    helm: StandInHelm


@contextmanager
def place(
    folder: Path,
    *declared: PackageDeclaration,
    version: Version = DIGEST,
    helm: str = "v4.3.0",
) -> Iterator[Place]:
    """Run a cluster with a release of packages, whose Deployments are ready."""
    with (
        released(folder, *declared, version=version) as cluster,
        pytest.MonkeyPatch.context() as patch,
    ):
        program = stand_in_helm.install(folder / "bin", patch, helm)
        for name in (DEPLOYMENT[1], "crossplane-rbac-manager"):
            store_deployment(cluster, name)
        cluster.store(("namespaces", "crossplane-system"), _named("crossplane-system"))
        for kind in ("Configuration", "Function", "Provider"):
            store_definition(cluster, kind, GROUP)
            store_definition(cluster, f"{kind}Revision", GROUP)
        for kind in ("DeploymentRuntimeConfig", "ImageConfig"):
            store_definition(cluster, kind, GROUP)
        yield Place(cluster, program)


def store_deployment(cluster: FakeCluster, name: str, **status: Plain) -> None:
    """Store a Deployment of Crossplane with one ready pod, or with another status."""
    labels: Plain = {
        "app.kubernetes.io/part-of": "crossplane",
        "app.kubernetes.io/instance": "crossplane",
    }
    counts = ("replicas", "updatedReplicas", "readyReplicas")
    ready: dict[str, Plain] = dict.fromkeys(counts, 1)
    before = cluster.objects.get(("deployments", name), {})
    spec = before.get("spec") or {"replicas": 1, "selector": {"matchLabels": {"app": name}}}
    annotations: Plain = {"meta.helm.sh/release-name": "crossplane"}
    metadata: Plain = {"name": name, "labels": labels, "annotations": annotations}
    cluster.store(
        ("deployments", name), {"metadata": metadata, "spec": spec, "status": {**ready, **status}}
    )


def store_definition(
    cluster: FakeCluster, kind: str, group: str, *, version: str = "v1", namespaced: bool = False
) -> None:
    """Store an established CRD."""
    plural = f"{kind.lower()}s"
    spec: Plain = {
        "group": group,
        "names": {"kind": kind, "plural": plural},
        "scope": "Namespaced" if namespaced else "Cluster",
        "versions": [{"name": version, "served": True, "storage": True}],
    }
    conditions: Plain = [{"type": "Established", "status": "True"}]
    cluster.store(
        ("customresourcedefinitions", f"{plural}.{group}"),
        {**_named(f"{plural}.{group}"), "spec": spec, "status": {"conditions": conditions}},
    )


def store_api(cluster: FakeCluster, revision: str, kind: str = "XDatabase") -> None:
    """Store a CompositeResourceDefinition of a revision, with its CRD and the access to it."""
    plural, group = f"{kind.lower()}s", "acme.example.org"
    name = f"{plural}.{group}"
    owner: Plain = {"kind": "ConfigurationRevision", "name": revision, "controller": True}
    metadata: Plain = {"name": name, "ownerReferences": [owner]}
    spec: Plain = {"group": group, "names": {"kind": kind, "plural": plural}}
    cluster.store(("compositeresourcedefinitions", name), {"metadata": metadata, "spec": spec})
    role = f"crossplane:composite:{name}:aggregate-to-crossplane"
    cluster.store(("clusterroles", role), _named(role))
    store_definition(cluster, kind, group)


def _named(name: str) -> dict[str, Plain]:
    return {"metadata": {"name": name}}
