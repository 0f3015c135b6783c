"""Removes Crossplane and its objects from the cluster after a failed scenario."""

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

NO_FINALIZERS = '{"metadata":{"finalizers":null}}'
"""The patch that lets Kubernetes delete an object whose controller is gone."""


def clean(kubernetes: Kubernetes) -> None:
    """Remove Crossplane and all its objects, in any state."""
    log.info("removing Crossplane and all its objects")
    kubectl = kubernetes.kubectl
    # Remove controllers first: they would create objects again, and finalizers would wait for them.
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
    kubectl("delete", "deployments,pods", "--all", INSIDE, "--now")
    for kind in CLUSTER_WIDE:
        if names := [name for name in sorted(kubernetes.names(kind)) if "crossplane" in name]:
            kubectl("delete", kind, *names, "--ignore-not-found")
    until(lambda: _remove_definitions(kubernetes), "no CRD is left")
    kubernetes.wait_until_gone(f"namespace/{NAMESPACE}")
    kubectl("delete", "persistentvolumes", "--all")


def _remove_definitions(kubernetes: Kubernetes) -> str | None:
    """Delete the remaining CRDs and their objects, and return a summary of them, or None."""
    definitions = sorted(kubernetes.names("crds"))
    if not definitions:
        return None
    kubectl = kubernetes.kubectl
    kubectl.run("delete", "crds", *definitions, "--ignore-not-found", "--wait=false")
    template = "{.apiVersion} {.kind} {.metadata.name} {.metadata.namespace}"
    # A kind that is being deleted may have no objects to list; the next attempt finds the rest.
    for definition in definitions:
        for row in kubernetes.values(definition, template, namespace=""):
            api, kind, name, *namespaces = row.split()
            group, _, version = api.partition("/")
            options = [f"--namespace={namespace}" for namespace in namespaces]
            patch = ["patch", f"{kind}.{version}.{group}", name, *options]
            kubectl.run(*patch, "--type=merge", f"--patch={NO_FINALIZERS}")
    return f"{len(definitions)} CRDs, such as {definitions[0]}"
