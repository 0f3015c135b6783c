"""The Deployments of a release of Crossplane: their release, their strategy and their rollout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender import labels
from postrender.errors import DevcacheError
from postrender.live import kinds, runtimes
from postrender.live.kinds import DEPLOYMENTS, PODS
from postrender.release import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable

    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Object
    from postrender.live.stopwatch import Stopwatch


def release(cluster: Cluster, default: str = "crossplane") -> str:
    """Return the name of the release of Crossplane in a namespace, or the default without one."""
    names = (
        kinds.fields(deployment).under("metadata").under("annotations").text(labels.RELEASE_NAME)
        for deployment in cluster.select(DEPLOYMENTS, {labels.PART_OF: labels.CROSSPLANE})
    )
    return next(filter(None, names), default)


def require_no_other(cluster: Cluster) -> None:
    """Refuse a namespace if Crossplane runs in another one: a cluster has only one Crossplane.

    Raises:
        DevcacheError: Another namespace has a Deployment of Crossplane.
    """
    selector = {labels.PART_OF: labels.CROSSPLANE}
    for deployment in cluster.everywhere(DEPLOYMENTS, selector):
        namespace = kinds.namespace(deployment)
        if namespace != cluster.namespace:
            problem = f"Crossplane runs in the namespace {namespace}"
            raise DevcacheError(
                problem, where=cluster.title, hint=f"name this namespace: -n {namespace}"
            )


def of_release(cluster: Cluster, name: str) -> list[Object]:
    """Return the Deployments of Crossplane and of its RBAC manager."""
    return cluster.select(DEPLOYMENTS, {labels.PART_OF: labels.CROSSPLANE, labels.INSTANCE: name})


def is_running(cluster: Cluster, name: str) -> bool:
    """Return whether a pod of each Deployment is ready, so that Crossplane can remove packages."""
    deployments = of_release(cluster, name)
    statuses = [kinds.fields(deployment).under("status") for deployment in deployments]
    return bool(statuses) and all(status.values.get("readyReplicas") for status in statuses)


def of_other_strategy(cluster: Cluster, name: str) -> list[str]:
    """Return the names of the Deployments whose strategy is not `Recreate`."""
    return [
        kinds.name(deployment)
        for deployment in of_release(cluster, name)
        if kinds.fields(deployment).under("spec").under("strategy").text("type") != "Recreate"
    ]


STRATEGY_PATCH: Object = {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}
"""The patch to the strategy `Recreate`. Helm 4 applies only the type, which the API refuses while
the old strategy has its parameters. The strategy is not in the pod's template, so no pod rolls."""


def await_rollout(
    cluster: Cluster, name: str, stopwatch: Stopwatch, show: Callable[[str, str], None]
) -> None:
    """Wait until all pods of the Deployments are ready, and have the newest template.

    Args:
        cluster: The cluster.
        name: The name of the release.
        stopwatch: Ends the wait.
        show: Shows the state of a Deployment, given its name.

    Raises:
        DevcacheError: The copier refuses a package, or the timeout has expired.
    """
    while True:
        reasons = {
            kinds.name(deployment): _obstacle(cluster, deployment)
            for deployment in of_release(cluster, name)
        }
        for deployment, reason in reasons.items():
            show(deployment, reason or "Ready")
        waiting = [f"deployment {key}: {reason}" for key, reason in reasons.items() if reason]
        if reasons and not waiting:
            return
        stopwatch.wait("; ".join(waiting) or "there is no Deployment of Crossplane")


def await_pods_gone(cluster: Cluster, name: str, stopwatch: Stopwatch) -> None:
    """Wait until no pod of a release is left."""
    while pods := cluster.select(PODS, {"release": name}):
        stopwatch.wait(f"pod {kinds.name(pods[0])} still exists")


def _obstacle(cluster: Cluster, deployment: Object) -> str:
    """Return the reason that a Deployment is not rolled out, or ""."""
    fields = kinds.fields(deployment)
    spec, status = fields.under("spec").values, fields.under("status").values
    generation = fields.under("metadata").values.get("generation")
    count = spec.get("replicas", 1)
    keys = ("replicas", "updatedReplicas", "readyReplicas")
    if status.get("observedGeneration") == generation and all(
        status.get(key, 0) == count for key in keys
    ):
        return ""
    selector = fields.under("spec").under("selector").under("matchLabels")
    pods = cluster.select(PODS, {key: selector.text(key) for key, _ in selector.entries()})
    reasons = (_obstacle_of(cluster, pod) for pod in pods if not kinds.is_terminating(pod))
    return next(reasons, "its pods are being replaced")


def _obstacle_of(cluster: Cluster, pod: Object) -> str:
    """Return the reason that a pod is not ready.

    Raises:
        DevcacheError: The copier refuses a package.
    """
    name = kinds.name(pod)
    reason = runtimes.reason_of(cluster, pod)
    if reason and _has_failed(pod):
        problem = f"the copier in pod {name} fails: {reason}"
        hint = "correct the package, and run the same command again"
        raise DevcacheError(problem, hint=hint)
    return f"pod {name}: {reason}" if reason else f"pod {name} is starting"


def _has_failed(pod: Object) -> bool:
    """Return whether the copier ended with an error."""
    status = kinds.fields(pod).under("status")
    return any(
        container.text("name") == rewrite.INIT_CONTAINER
        and container.under(state).under("terminated").values.get("exitCode")
        for container in kinds.items(status.values.get("initContainerStatuses"))
        for state in ("state", "lastState")
    )
