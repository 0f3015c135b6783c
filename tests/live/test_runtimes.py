"""Tests of the pods of a Provider or a Function: the reason that one does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postrender.live import runtimes
from postrender.live.cluster import Cluster
from tests.shared import api_http
from tests.shared.api_server import ApiServer

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.manifests.nodes import Plain
    from tests.shared.api_server import Object


class Server(ApiServer):
    """An API server with one pod."""

    def log(self, pod: str) -> str:
        return "starting\nError: no credentials\n" if pod == "nop-1" else ""


def container(**state: Plain) -> Object:
    return {"containerStatuses": [{"name": "package-runtime", "state": state}]}


def waiting(reason: str, message: str = "") -> Object:
    return container(waiting={"reason": reason, "message": message})


def unscheduled(status: str) -> Object:
    message = "0/1 nodes are available"
    return {"conditions": [{"type": "PodScheduled", "status": status, "message": message}]}


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        pytest.param({}, "", id="new"),
        pytest.param(container(running={}), "", id="running"),
        pytest.param(waiting("ContainerCreating"), "", id="starting"),
        pytest.param(waiting("PodInitializing"), "", id="initializing"),
        pytest.param(container(terminated={"reason": "Completed"}), "", id="completed"),
        pytest.param(
            waiting("ImagePullBackOff", "Back-off pulling image"),
            "pod nop-1: ImagePullBackOff: Back-off pulling image",
            id="no-image",
        ),
        pytest.param(
            waiting("ErrImageNeverPull"), "pod nop-1: ErrImageNeverPull", id="without-a-message"
        ),
        pytest.param(
            waiting("CrashLoopBackOff", "back-off 10s restarting failed container"),
            "pod nop-1: CrashLoopBackOff: Error: no credentials",
            id="crashes-with-its-last-line",
        ),
        pytest.param(
            container(terminated={"reason": "Error"}),
            "pod nop-1: Error: Error: no credentials",
            id="between-two-crashes",
        ),
        pytest.param(
            {"initContainerStatuses": [{"name": "a", "state": {"waiting": {"reason": "Bad"}}}]},
            "pod nop-1: Bad",
            id="an-initContainer",
        ),
        pytest.param(
            unscheduled("False"), "pod nop-1: 0/1 nodes are available", id="unschedulable"
        ),
        pytest.param(unscheduled("True"), "", id="scheduled"),
    ],
)
def test_a_pod_that_does_not_start_is_trouble(tmp_path: Path, status: Object, trouble: str) -> None:
    server = Server()
    labels: Object = {"pkg.crossplane.io/revision": "nop-12ab"}
    pod: Object = {"metadata": {"name": "nop-1", "labels": labels}, "status": status}
    server.objects["pods", "nop-1"] = pod
    with api_http.current_context(server.answer, tmp_path):
        cluster = Cluster("", "crossplane-system")
        assert runtimes.trouble(cluster, "nop-12ab") == trouble
        assert runtimes.trouble(cluster, "other-12ab") == ""
