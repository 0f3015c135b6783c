"""Small CRDs that let Helm create package objects before Crossplane has brought its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.release.objects import GROUP

if TYPE_CHECKING:
    from postrender.cache.layouts import Layout
    from postrender.manifests.nodes import Plain


def bootstrap_crds(layout: Layout) -> list[dict[str, Plain]]:
    """Return the CRDs of the package objects, without their schemas.

    crossplane-init replaces them by its own as it starts. For that, the one version of each must
    be among the versions of Crossplane's own CRD: etcd may hold objects in it (tried: Function
    v1 on 1.14 stops crossplane-init for good).
    """
    versions = {
        "Configuration": "v1",
        "Provider": "v1",
        "Function": layout.function_version,
        "DeploymentRuntimeConfig": "v1beta1",
    }
    if layout.keyed_by == "digest":
        versions["ImageConfig"] = "v1beta1"
    return [_crd(kind, version) for kind, version in versions.items()]


def _crd(kind: str, version: str) -> dict[str, Plain]:
    plural = f"{kind.lower()}s"
    categories = ["crossplane"] if kind.endswith("Config") else ["crossplane", "pkg"]
    schema: dict[str, Plain] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names: dict[str, Plain] = {
        "categories": list(categories),
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
    }
    served: dict[str, Plain] = {
        "name": version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "names": names, "scope": "Cluster", "versions": [served]},
    }
