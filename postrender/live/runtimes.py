"""The pods of a Provider or a Function, and the reason that one does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.live import conditions, kinds
from postrender.live.kinds import PODS

if TYPE_CHECKING:
    from postrender.fields import Fields
    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Object

_LABEL = "pkg.crossplane.io/revision"
"""The label with the name of the revision (Crossplane 1.14 to 2.4)."""

_STARTING = {"", "ContainerCreating", "PodInitializing"}
"""The reasons of a container that waits during a normal start."""


def trouble(cluster: Cluster, revision: str) -> str:
    """Return the reason that a pod of a revision does not start, or "".

    Args:
        cluster: The cluster, with the namespace of Crossplane.
        revision: The name of the revision.
    """
    for pod in cluster.select(PODS, {_LABEL: revision}):
        if reason := reason_of(cluster, pod):
            return f"pod {kinds.name(pod)}: {reason}"
    return ""


def outdated(cluster: Cluster, revision: str, image: str) -> str:
    """Return the reason that not all pods of a revision run an image, or "".

    Args:
        cluster: The cluster, with the namespace of Crossplane.
        revision: The name of the revision.
        image: The image.
    """
    pods = [pod for pod in cluster.select(PODS, {_LABEL: revision}) if not kinds.is_ending(pod)]
    for pod in pods:
        containers = kinds.items(kinds.fields(pod).under("spec").values.get("containers"))
        if all(container.text("image") != image for container in containers):
            return f"pod {kinds.name(pod)} runs the previous image"
    ready = [
        pod
        for pod in pods
        if any(report.type == "Ready" and report.status == "True" for report in conditions.of(pod))
    ]
    return "" if ready else trouble(cluster, revision) or "no pod runs its new image yet"


def reason_of(cluster: Cluster, pod: Object) -> str:
    """Return the reason that a pod does not start, or "" if it starts normally."""
    status = kinds.fields(pod).under("status")
    for list_ in ("initContainerStatuses", "containerStatuses"):
        for container in kinds.items(status.values.get(list_)):
            if reason := _waiting_reason(cluster, kinds.name(pod), container):
                return reason
    for condition in conditions.of(pod):
        if condition.type == "PodScheduled" and condition.has_failed:
            return condition.explanation
    return ""


def _waiting_reason(cluster: Cluster, pod: str, container: Fields) -> str:
    state = container.under("state")
    waiting = state.under("waiting")
    reason = waiting.text("reason") or state.under("terminated").text("reason")
    if reason in _STARTING or reason == "Completed":
        return ""
    # The message about a crash only names the delay until the next start.
    crashes = reason in {"CrashLoopBackOff", "Error"}
    log = cluster.log(pod, container.text("name")) if crashes else []
    detail = log[-1] if log else waiting.text("message")
    return conditions.truncated(f"{reason}: {detail}" if detail else reason)
