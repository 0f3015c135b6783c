"""The objects that remain after a Crossplane that no longer runs, and their removal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender import labels
from postrender.errors import enumeration
from postrender.live import kinds
from postrender.live.kinds import (
    CONFIG_MAPS,
    CRDS,
    IMAGE_CONFIGS,
    LOCKS,
    NAMESPACES,
    RUNTIME_CONFIGS,
    Kind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Object
    from postrender.live.stopwatch import Stopwatch

_LOCK = "lock"

_ADMISSION = "admissionregistration.k8s.io"

_WEBHOOKS = (
    Kind(_ADMISSION, "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
    Kind(_ADMISSION, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
)

_WEBHOOK_NAMES = ("crossplane", "crossplane-no-usages")
"""The names that Crossplane gives its webhook configurations, which the chart does not contain."""

_GROUPS = frozenset(
    f"{name}.crossplane.io" for name in ("apiextensions", "ops", "pkg", "protection", "secrets")
)
"""The API groups of Crossplane's own kinds."""

_CROSSPLANE = "crossplane"
"""A part of the names of the field managers of Crossplane and of this project."""

_CONTENTS = (
    CONFIG_MAPS,
    Kind("", "v1", "Secret", "secrets", namespaced=True),
    Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", namespaced=True),
    Kind("", "v1", "Pod", "pods", namespaced=True),
    Kind("", "v1", "Service", "services", namespaced=True),
    Kind("apps", "v1", "Deployment", "deployments", namespaced=True),
)
"""The kinds in a namespace that keep it from being deleted."""

_OF_KUBERNETES = {"kube-root-ca.crt", "openshift-service-ca.crt"}
"""The ConfigMaps that Kubernetes puts into each namespace."""

_NAMES_LIMIT = 5
"""The most objects that a message names."""


def delete_webhooks(cluster: Cluster) -> None:
    """Delete Crossplane's webhooks, which would refuse changes of its objects."""
    for kind in _WEBHOOKS:
        for name in _WEBHOOK_NAMES:
            configuration = cluster.get(kind, name)
            if configuration is None:
                continue
            webhooks = kinds.items(configuration.get("webhooks"))
            services = [webhook.under("clientConfig").under("service") for webhook in webhooks]
            if any(service.text("namespace") == cluster.namespace for service in services):
                cluster.delete(kind, name)


def release_finalizers(
    cluster: Cluster, objects: Iterable[tuple[Kind, str]], stopwatch: Stopwatch
) -> None:
    """Wait until objects are gone, and remove their finalizers, because no Crossplane does it.

    Args:
        cluster: The cluster.
        objects: The kinds and names of objects that the API server deletes, in this order.
        stopwatch: Ends the wait.

    Raises:
        DevcacheError: The timeout has expired.
    """
    for kind, name in objects:
        while value := cluster.get(kind, name):
            if kind != CRDS and kinds.is_terminating(value):
                cluster.patch(kind, name, {"metadata": {"finalizers": None}})
            stopwatch.wait(f"{kind.kind} {name} still exists")


def release_lock(cluster: Cluster) -> None:
    """Remove the finalizer of Crossplane's Lock, and its packages, after the last package."""
    if cluster.get(LOCKS, _LOCK):
        cluster.patch(LOCKS, _LOCK, {"metadata": {"finalizers": None}, "packages": []})


def delete_ours(cluster: Cluster) -> None:
    """Delete the objects of this project that are in no release."""
    for kind in (CONFIG_MAPS, IMAGE_CONFIGS, RUNTIME_CONFIGS):
        for value in cluster.select(kind, {labels.PART_OF: labels.OWNER}):
            cluster.delete(kind, kinds.name(value))


def definitions(cluster: Cluster) -> list[Object]:
    """Return the CRDs of Crossplane."""
    return [
        definition
        for definition in cluster.select(CRDS, {})
        if kinds.fields(definition).under("spec").text("group") in _GROUPS
    ]


def foreign(cluster: Cluster, crds: Iterable[Object]) -> list[str]:
    """Return the objects of CRDs that neither Crossplane nor this project wrote."""
    return [
        f"{kind.kind} {kinds.name(value)}"
        for kind in map(kinds.of_definition, crds)
        for value in cluster.everywhere(kind)
        if any(_CROSSPLANE not in name for name in kinds.managers(value))
    ]


def delete_definitions(cluster: Cluster, crds: Iterable[Object], stopwatch: Stopwatch) -> None:
    """Delete CRDs, and wait until they are gone.

    Raises:
        DevcacheError: The timeout has expired.
    """
    names = [kinds.name(definition) for definition in crds]
    for name in names:
        cluster.delete(CRDS, name)
    for name in names:
        while cluster.get(CRDS, name):
            stopwatch.wait(f"CustomResourceDefinition {name} still exists")


def contents(cluster: Cluster) -> list[str]:
    """Return the objects in the namespace that Kubernetes did not put there."""
    return [
        f"{kind.kind} {kinds.name(value)}"
        for kind in _CONTENTS
        for value in cluster.select(kind, {})
        if kinds.name(value) not in _OF_KUBERNETES
    ]


def delete_namespace(cluster: Cluster, stopwatch: Stopwatch) -> None:
    """Delete the namespace, and wait until it is gone.

    Raises:
        DevcacheError: The timeout has expired.
    """
    cluster.delete(NAMESPACES, cluster.namespace)
    while cluster.get(NAMESPACES, cluster.namespace):
        stopwatch.wait(f"namespace {cluster.namespace} still exists")


def summary(names: list[str]) -> str:
    """Return the first names for a message, and the number of the others."""
    return enumeration(names, _NAMES_LIMIT)
