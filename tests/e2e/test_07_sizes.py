"""A package that is larger in the cache than the upstream chart allows."""

from __future__ import annotations

import json
import random
from base64 import b85encode
from typing import TYPE_CHECKING

import yaml

from tests.e2e.kubernetes import NAMESPACE
from tests.e2e.packages import ACME, configuration
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes

MIB = 1 << 20
CHARTS_LIMIT = 20 * MIB
"""What the upstream chart allows the cache to hold."""

LIMIT = '{.volumes[?(@.name=="package-cache")].emptyDir.sizeLimit}'


def ballast() -> str:
    """Return comments that xz packs well, and gzip hardly.

    A repetition is farther away than the 32 KiB that gzip looks back.
    """
    bytes_ = random.Random(0).randbytes(64 << 10)  # noqa: S311 - the same in each run
    text = b85encode(bytes_).decode()
    block = "".join(f"# {text[at : at + 100]}\n" for at in range(0, len(text), 100))
    return block * 340


def test_a_package_above_the_charts_size_limit_evicts_no_pod(
    crossplane: Crossplane, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    large = configuration(tmp_path, "large")
    with (large / "definition.yaml").open("a") as file:
        file.write(ballast())
    crossplane.given({"large": {"path": str(large), "package": f"{ACME}/large:v0.1.0"}})
    [pod] = kubernetes.pods()
    assert size(crossplane, pod) > CHARTS_LIMIT
    raised = kubernetes.read(f"pod/{pod}", f"{{.spec{LIMIT[1:]}")
    assert int(raised.removesuffix("Mi")) * MIB > size(crossplane, pod)

    # What would have become of it, and when kubelet looked at all pods of the node.
    apply_as_the_chart_has_it(kubernetes)
    until(lambda: None if evicted(kubernetes, "baseline") else "it runs", "baseline is evicted")
    kubernetes.kubectl("delete", "pod/baseline", f"--namespace={NAMESPACE}")
    assert kubernetes.pods() == [pod]
    assert not evicted(kubernetes, pod)
    assert kubernetes.read(f"pod/{pod}", "{.status.phase}") == "Running"
    kubernetes.healthy(["large"])


def evicted(kubernetes: Kubernetes, pod: str) -> bool:
    """Return whether kubelet ended a pod for what its cache takes.

    Told by the event: what the pod's phase becomes depends on how its containers end.
    """
    events = f"--field-selector=involvedObject.name={pod},reason=Evicted"
    return "package-cache" in kubernetes.read("events", "{.items[*].message}", events)


def size(crossplane: Crossplane, pod: str) -> int:
    """Return how many bytes the writable cache of a pod holds."""
    folder = crossplane.cache(pod)
    sizes = crossplane.cluster.run("find", folder, "-type", "f", "-printf", "%s\\n")
    return sum(map(int, sizes.split()))


def apply_as_the_chart_has_it(kubernetes: Kubernetes) -> None:
    """Create a pod like Crossplane's, but with the size limit of the upstream chart."""
    template = json.loads(kubernetes.read("deployment/crossplane", "{.spec.template}"))
    [volume] = [each for each in template["spec"]["volumes"] if each["name"] == "package-cache"]
    volume["emptyDir"]["sizeLimit"] = str(CHARTS_LIMIT)
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "baseline"},  # no label, so that no Service leads to it
        "spec": template["spec"],
    }
    kubernetes.apply(yaml.safe_dump(manifest))
