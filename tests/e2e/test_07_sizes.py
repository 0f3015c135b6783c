"""Tests a package that is larger in the cache than the upstream chart allows."""

from __future__ import annotations

import json
import random
from base64 import b85encode
from typing import TYPE_CHECKING

import yaml

from tests.e2e.kubernetes import INSIDE
from tests.e2e.packages import configuration, local
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.node import Node

MIB = 1 << 20
CHARTS_LIMIT = 20 * MIB
"""The size limit of the cache in the upstream chart, in bytes."""

LIMIT = '{.spec.volumes[?(@.name=="package-cache")].emptyDir.sizeLimit}'


def ballast() -> str:
    """Return comments that xz compresses well but gzip does not.

    The repetitions are farther apart than the 32 KiB window of gzip.
    """
    bytes_ = random.Random(0).randbytes(64 << 10)  # noqa: S311 - the same in each run
    text = b85encode(bytes_).decode()
    block = "".join(f"# {text[at : at + 100]}\n" for at in range(0, len(text), 100))
    return block * 340


def test_a_package_above_the_charts_size_limit_evicts_no_pod(
    crossplane: Crossplane, kubernetes: Kubernetes, node: Node, tmp_path: Path
) -> None:
    large = configuration(tmp_path, "large")
    with (large / "definition.yaml").open("a") as file:
        file.write(ballast())
    crossplane.ensure({"large": local(large)})
    [pod] = kubernetes.pods()
    assert size(node, pod) > CHARTS_LIMIT
    raised = kubernetes.read(f"pod/{pod}", LIMIT)
    assert int(raised.removesuffix("Mi")) * MIB > size(node, pod)

    # The baseline proves that kubelet evicts such a pod, and that it has checked all pods.
    apply_as_the_chart_has_it(kubernetes)
    until(lambda: None if is_evicted(kubernetes, "baseline") else "it runs", "baseline is evicted")
    kubernetes.kubectl("delete", "pod/baseline", INSIDE)
    assert kubernetes.pods() == [pod]
    assert not is_evicted(kubernetes, pod)
    assert kubernetes.read(f"pod/{pod}", "{.status.phase}") == "Running"
    kubernetes.wait_until_healthy(["large"])


def is_evicted(kubernetes: Kubernetes, pod: str) -> bool:
    """Return whether kubelet evicted a pod because of the size of its cache.

    Only the event tells: the phase of the pod depends on how its containers end.
    """
    fields = f"involvedObject.name={pod},reason=Evicted"
    messages = kubernetes.values("events", "{.message}", fields=fields)
    return any("package-cache" in message for message in messages)


def size(node: Node, pod: str) -> int:
    """Return the size of the writable cache of a pod in bytes."""
    sizes = node.cluster.run("find", node.cache_folder(pod), "-type", "f", "-printf", "%s\\n")
    return sum(map(int, sizes.split()))


def apply_as_the_chart_has_it(kubernetes: Kubernetes) -> None:
    """Create a pod like Crossplane's, but with the size limit of the upstream chart."""
    template = json.loads(kubernetes.read("deployment/crossplane", "{.spec.template}"))
    [volume] = [
        volume for volume in template["spec"]["volumes"] if volume["name"] == "package-cache"
    ]
    volume["emptyDir"]["sizeLimit"] = str(CHARTS_LIMIT)
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "baseline"},  # no label, so that no Service selects it
        "spec": template["spec"],
    }
    kubernetes.apply(yaml.safe_dump(manifest))
