"""Makes the cluster as empty as before Crossplane, after a scenario that failed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tests.e2e.kubernetes import INSIDE, NAMESPACE
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from tests.e2e.kubernetes import Kubernetes

log = logging.getLogger(__name__)

CLUSTER_WIDE = (
    "clusterroles",
    "clusterrolebindings",
    "validatingwebhookconfigurations",
    "mutatingwebhookconfigurations",
)

FREE = '{"metadata":{"finalizers":null}}'
"""Lets an object go whose controller is gone."""


def clean(kubernetes: Kubernetes) -> None:
    """Remove Crossplane and all that it made, whatever state it is in."""
    log.info("removing Crossplane and all that it made")
    kubectl = kubernetes.kubectl
    # First who would make it again; their finalizers would wait for them.
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
    kubectl("delete", "deployments,pods", "--all", INSIDE, "--now")
    for kind in CLUSTER_WIDE:
        if names := [name for name in sorted(kubernetes.names(kind)) if "crossplane" in name]:
            kubectl("delete", kind, *names, "--ignore-not-found")
    until(lambda: _definitions_left(kubernetes), "no CRD is left")
    kubernetes.gone(f"namespace/{NAMESPACE}")
    kubectl("delete", "persistentvolumes", "--all")


def _definitions_left(kubernetes: Kubernetes) -> str | None:
    """Delete what is left of CRDs and their objects, and return the names of some of it."""
    definitions = sorted(kubernetes.names("crds"))
    if not definitions:
        return None
    kubectl = kubernetes.kubectl
    kubectl.ended("delete", "crds", *definitions, "--ignore-not-found", "--wait=false")
    row = "{.apiVersion} {.kind} {.metadata.name} {.metadata.namespace}"
    # Nothing is found if one of them goes just now; then it is found the next time.
    for found in (each for one in definitions for each in kubernetes.each(one, row, namespace="")):
        api, kind, name, *namespace = found.split()
        group, _, version = api.partition("/")
        inside = [f"--namespace={each}" for each in namespace]
        patch = ["patch", f"{kind}.{version}.{group}", name, *inside]
        kubectl.ended(*patch, "--type=merge", f"--patch={FREE}")
    return f"{len(definitions)} CRDs, such as {definitions[0]}"
