"""Builds examples/function-zones as files that embed its runtime, and finds its pods."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.e2e.kubernetes import INSIDE
from tests.e2e.packages import runtime
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from tests.cluster.images import Image
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.shelf import Shelf

NAME = "acme-function-zones"
"""The name of the package object, which Crossplane's resolver would choose."""

PACKAGE = ROOT / "examples/function-zones/package"


def build(shelf: Shelf, number: int) -> bytes:
    """Build function-zones with another runtime for each number, and return its .xpkg."""
    return shelf.build(f"zones-{number}", PACKAGE, image(shelf, number)).read_bytes()


def image(shelf: Shelf, number: int) -> Image:
    """Return the runtime of function-zones with another file for each number."""
    file = shelf.folder / f"build-{number}"
    file.write_text(str(number))
    base = runtime("function-zones")
    return replace(base, files={**base.files, "build": file})


def pod_images(
    kubernetes: Kubernetes, function: str = NAME, *, only_ready: bool = False
) -> set[str]:
    """Return the images of the pods of a function that are not terminating."""
    selector = f"--selector=pkg.crossplane.io/function={function}"
    pods = json.loads(kubernetes.kubectl("get", "pods", INSIDE, selector, "--output=json"))
    return {
        container["image"]
        for pod in pods["items"]
        if "deletionTimestamp" not in pod["metadata"]
        if not only_ready or _is_ready(pod)
        for container in pod["spec"]["containers"]
    }


def _is_ready(pod: dict[str, dict[str, list[dict[str, str]]]]) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
