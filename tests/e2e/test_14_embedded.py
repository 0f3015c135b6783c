"""Tests Functions that run from their .xpkg alone, and the reasons that a pod does not start."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster import images, namespaces
from tests.e2e.kubernetes import INSIDE
from tests.e2e.packages import runtime
from tests.e2e.waiting import until
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declarations
    from tests.e2e.shelf import Shelf

ZONES = "acme-function-zones"


@pytest.fixture
def loader(cluster: Cluster) -> str:
    """The option with a command that loads an image archive into the node."""
    return f"--loader={shlex.join(namespaces.nsenter(cluster.init, images.IMPORT))}"


def build(shelf: Shelf, number: int) -> bytes:
    """Build function-zones with another runtime for each number, and return its .xpkg."""
    file = shelf.folder / f"build-{number}"
    file.write_text(str(number))
    image = runtime("function-zones")
    image = replace(image, files={**image.files, "build": file})
    package = ROOT / "examples/function-zones/package"
    return shelf.build(f"zones-{number}", package, image).read_bytes()


@pytest.fixture
def embedded(shelf: Shelf, fleet: Declarations, tmp_path: Path) -> Declarations:
    """The fleet with function-zones in a file that embeds its runtime."""
    file = tmp_path / "zones.xpkg"
    file.write_bytes(build(shelf, 1))
    return {**fleet, ZONES: {**fleet[ZONES], "path": str(file), "runtimeImage": "embedded"}}


def test_a_function_runs_from_its_file_alone(
    crossplane: Crossplane, kubernetes: Kubernetes, embedded: Declarations, loader: str
) -> None:
    path = str(embedded[ZONES]["path"])
    image = load(crossplane, path, loader)
    crossplane.ensure(embedded, live=True)
    assert pod_images(kubernetes) == {image}
    kubernetes.kubectl("apply", "--filename=examples/fleet/examples")
    kubernetes.wait_until_ready("xfleets/example")
    kubernetes.kubectl("delete", "--filename=examples/fleet/examples")
    until(lambda: " ".join(kubernetes.names("clusternopresources")), "its resources are gone")
    report = json.loads(crossplane.devcache("status", "--output=json"))
    assert all(package["healthy"] for package in report["packages"])
    crossplane.state = None


def test_a_rebuilt_file_replaces_the_pod_and_an_upgrade_goes_back(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    embedded: Declarations,
    shelf: Shelf,
    loader: str,
) -> None:
    path = Path(str(embedded[ZONES]["path"]))
    first = load(crossplane, str(path), loader)
    crossplane.deploy(embedded)
    kubernetes.wait_until_healthy(embedded)
    path.write_bytes(build(shelf, 2))
    crossplane.devcache.run_logged("push", str(path), loader)
    [second] = pod_images(kubernetes)
    assert second != first
    assert "nothing to do" in crossplane.devcache("push", str(path), loader)
    path.write_bytes(build(shelf, 1))
    crossplane.deploy(embedded)
    until(lambda: None if pod_images(kubernetes) == {first} else "it runs the push", "it is back")
    kubernetes.wait_until_healthy(embedded)
    crossplane.state = None


def test_status_names_the_pod_that_does_not_start(
    crossplane: Crossplane, fleet: Declarations
) -> None:
    missing = {**fleet, ZONES: {**fleet[ZONES], "runtimeImage": "docker.io/library/nowhere:v1"}}
    crossplane.ensure(missing, live=True, failing=[ZONES])
    reason = re.compile("ErrImageNeverPull|ErrImagePull|ImagePullBackOff")

    def problem() -> str | None:
        report = json.loads(crossplane.devcache("status", "--output=json"))
        troubles = {package["name"]: package["trouble"] for package in report["packages"]}
        return None if reason.search(troubles[ZONES]) else troubles[ZONES]

    until(problem, "status names the reason of the pod")
    crossplane.ensure({}, live=True)


def load(crossplane: Crossplane, path: str, loader: str) -> str:
    """Load the runtime of a file into the node, and return the name of its image."""
    arguments = ("image", "load", path, f"--name={ZONES}", loader, "--output=json")
    [image] = json.loads(crossplane.devcache.run_logged(*arguments))["images"]
    return str(image["image"])


def pod_images(kubernetes: Kubernetes) -> set[str]:
    """Return the images of the pods of function-zones that are not terminating."""
    selector = f"--selector=pkg.crossplane.io/function={ZONES}"
    pods = json.loads(kubernetes.kubectl("get", "pods", INSIDE, selector, "--output=json"))
    return {
        container["image"]
        for pod in pods["items"]
        if "deletionTimestamp" not in pod["metadata"]
        for container in pod["spec"]["containers"]
    }
