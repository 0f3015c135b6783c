"""A cluster with Crossplane's Deployments, and a stand-in for helm, for `up` and `down`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.shared import live_release, stand_in_helm
from tests.shared.api_server import merged, text, value
from tests.shared.fake_cluster import DEPLOYMENT, PACKAGES, FakeCluster, released
from tests.shared.live_release import DIGEST
from tests.shared.package_files import META, VALID_XRD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.crossplane.versions import Version
    from postrender.declared.devcache import PackageDeclaration
    from postrender.manifests.nodes import Plain
    from tests.shared.api_server import Key
    from tests.shared.stand_in_helm import StandInHelm

GROUP, REVISION = "pkg.crossplane.io", "currentRevision"


FINALIZERS: Plain = ["pkg.crossplane.io"]


class ControlledCluster(FakeCluster):
    """A cluster whose garbage collector runs, and whose Crossplane removes its finalizers.

    Attributes:
        is_running: Whether Crossplane runs.
        is_reacting: Whether a reaction is in progress.
    """

    is_running = True
    is_reacting = False

    def react(self) -> None:
        """Label the revisions, delete the objects without an owner, and remove finalizers."""
        super().react()
        if self.is_reacting:
            return
        self.is_reacting = True
        for (resource, name), package in list(self.objects.items()):
            revision = (f"{resource.removesuffix('s')}revisions", text(package, "status", REVISION))
            if resource in PACKAGES and revision in self.objects:
                self._label(revision, name)
        while any([self._collect(), self._release()]):
            pass
        self.is_reacting = False

    def _establish(self, name: str, rejection: str) -> None:
        """Create a definition that its revision owns."""
        super()._establish(name, rejection)
        key = ("compositeresourcedefinitions", name)
        owner: Plain = {"kind": "ConfigurationRevision", "name": name.removeprefix("x")}
        metadata: Plain = {"ownerReferences": [owner], "finalizers": FINALIZERS}
        spec: Plain = {"group": "acme.example.org", "names": {"plural": name}}
        self.store(key, merged(self.objects[key], {"metadata": metadata, "spec": spec}))
        role = f"crossplane:composite:{name}:aggregate-to-crossplane"
        self.store(("clusterroles", role), _named(role))

    def _label(self, revision: Key, package: str) -> None:
        if not value(self.objects[revision], "metadata", "labels"):
            metadata: Plain = {
                "labels": {"pkg.crossplane.io/package": package},
                "ownerReferences": [{"name": package}],
                "finalizers": FINALIZERS,
            }
            self.store(revision, merged(self.objects[revision], {"metadata": metadata}))

    def _collect(self) -> bool:
        """Delete the objects whose owners are gone; return false if there is none."""
        names = {name for _, name in self.objects}
        for key, current in list(self.objects.items()):
            owners = value(current, "metadata", "ownerReferences")
            if text(current, "metadata", "deletionTimestamp") or not isinstance(owners, list):
                continue
            if all(text(owner, "name") not in names for owner in owners):
                self.delete(key)
                return True
        return False

    def _release(self) -> bool:
        """Remove the finalizers of terminating objects; return false if there is none."""
        for key, current in list(self.objects.items()):
            if self.is_running and text(current, "metadata", "deletionTimestamp"):
                self.store(key, merged(current, {"metadata": {"finalizers": None}}))
                self.delete(key)
                return True
        return False


class Place(NamedTuple):
    """The cluster and helm."""

    cluster: ControlledCluster
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
        released(folder, *declared, version=version, kind=ControlledCluster) as cluster,
        pytest.MonkeyPatch.context() as patch,
    ):
        assert isinstance(cluster, ControlledCluster)
        program = stand_in_helm.install(folder / "bin", patch, helm)
        for name in (DEPLOYMENT[1], "crossplane-rbac-manager"):
            store_deployment(cluster, name)
        cluster.store(("namespaces", "crossplane-system"), _named("crossplane-system"))
        for kind in ("Configuration", "Function", "Provider"):
            store_definition(cluster, kind, GROUP)
            store_definition(cluster, f"{kind}Revision", GROUP)
        for kind in ("DeploymentRuntimeConfig", "ImageConfig"):
            store_definition(cluster, kind, GROUP)
        result = Place(cluster, program)

        def follow_helm(_: int) -> None:
            is_installed = (program.folder / "release.json").exists()
            if program.runs and program.runs[-1][0] == "uninstall" and not is_installed:
                uninstall(result)

        cluster.before_request = follow_helm
        yield result


def package(folder: Path, name: str = "platform", edit: str = "") -> PackageDeclaration:
    """Write a package directory that passes all checks, and return its declaration."""
    content = META + b"---\n" + VALID_XRD + f"# {edit}\n".encode()
    return live_release.package(folder, name, content)


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
    metadata: Plain = {
        "name": name,
        "namespace": "crossplane-system",
        "labels": labels,
        "annotations": annotations,
    }
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
    metadata: Plain = {"name": name, "ownerReferences": [owner], "finalizers": FINALIZERS}
    spec: Plain = {"group": group, "names": {"kind": kind, "plural": plural}}
    cluster.store(("compositeresourcedefinitions", name), {"metadata": metadata, "spec": spec})
    role = f"crossplane:composite:{name}:aggregate-to-crossplane"
    cluster.store(("clusterroles", role), _named(role))
    store_definition(cluster, kind, group)


def uninstall(place: Place) -> None:
    """Remove from the cluster what helm uninstalls."""
    place.cluster.is_running = False
    removed = {"deployments", "pods", "configmaps"}
    for key in [key for key in place.cluster.objects if key[0] in removed]:
        place.cluster.logs.pop(key[1], None)
        del place.cluster.objects[key]


def _named(name: str) -> dict[str, Plain]:
    return {"metadata": {"name": name}}
