"""Crossplane's package API: its group, and small CRDs for a cluster that has none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postrender.crossplane.target import Target
    from postrender.manifests.nodes import Plain

GROUP = "pkg.crossplane.io"
"""The API group of packages and of their settings."""


def bootstrap_crds(target: Target) -> list[dict[str, Plain]]:
    """Return the CRDs of the package objects, without their schemas.

    With these CRDs, Helm can create package objects before Crossplane installs its own CRDs.
    crossplane-init replaces them when it starts. The version of each CRD must be among the versions
    of Crossplane's CRD, because etcd may store objects in that version. For example, with Function
    v1, crossplane-init of 1.14 can never start.
    """
    kinds = ["Configuration", "Provider", "Function"]
    versions = {kind: target.package_version(kind) for kind in kinds}
    versions["DeploymentRuntimeConfig"] = "v1beta1"
    if target.uses_image_configs:
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
