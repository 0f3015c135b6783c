"""Tests Functions that run from their .xpkg alone, and the reasons that a pod does not start."""

from __future__ import annotations

import json
import logging
import re
import shlex
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pytest

from postrender.crossplane.target import Target
from tests.cluster import images, namespaces
from tests.e2e import zones
from tests.e2e.loop import next_line, run_watch
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.packages import Declarations
    from tests.e2e.registry import Registry
    from tests.e2e.shelf import Shelf

log = logging.getLogger(__name__)

ZONES = zones.NAME

REBUILDS = 20
FEWER = 3
"""The number of rebuilds with a registry."""


@pytest.fixture
def loader(cluster: Cluster) -> str:
    """The option with a command that loads an image archive into the node."""
    return f"--loader={shlex.join(namespaces.nsenter(cluster.init, images.IMPORT))}"


@pytest.fixture
def embedded(shelf: Shelf, fleet: Declarations, tmp_path: Path) -> Declarations:
    """The fleet with function-zones in a file that embeds its runtime."""
    file = tmp_path / "zones.xpkg"
    file.write_bytes(zones.build(shelf, 1))
    return {**fleet, ZONES: {**fleet[ZONES], "path": str(file), "runtimeImage": "embedded"}}


def test_a_function_runs_from_its_file_alone(
    crossplane: Crossplane, kubernetes: Kubernetes, embedded: Declarations, loader: str
) -> None:
    path = str(embedded[ZONES]["path"])
    image = load(crossplane, path, loader)
    crossplane.ensure(embedded, live=True)
    assert zones.pod_images(kubernetes) == {image}
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
    path.write_bytes(zones.build(shelf, 2))
    crossplane.devcache.run_logged("push", str(path), loader)
    [second] = zones.pod_images(kubernetes)
    assert second != first
    assert "nothing to do" in crossplane.devcache("push", str(path), loader)
    path.write_bytes(zones.build(shelf, 1))
    crossplane.deploy(embedded)
    until(
        lambda: None if zones.pod_images(kubernetes) == {first} else "it runs the push",
        "it is back",
    )
    kubernetes.wait_until_healthy(embedded)
    crossplane.state = None


def test_twenty_rebuilds_in_a_row(
    crossplane: Crossplane,
    kubernetes: Kubernetes,
    embedded: Declarations,
    registry: Registry,
    loader: str,
) -> None:
    """Measure rebuilds under watch, and with a registry and new tags."""
    path = Path(str(embedded[ZONES]["path"]))
    load(crossplane, str(path), loader)
    crossplane.ensure(embedded, live=True)
    builds = {number: zones.build(registry.shelf, number) for number in range(10, 10 + REBUILDS)}
    seconds: list[float] = []
    with run_watch(crossplane.devcache, path, loader) as popen:
        next_line(popen)
        for content in builds.values():
            before = zones.pod_images(kubernetes)
            start = time.monotonic()
            save(path, content)
            line = next_line(popen)
            seconds.append(time.monotonic() - start)
            assert "Healthy" in line
            assert zones.pod_images(kubernetes).isdisjoint(before)
    crossplane.state = None
    version = Target.parse(crossplane.line.version, where="").package_version("Function")
    api = f"pkg.crossplane.io/{version}"
    ways = {
        "watch": seconds,
        "push to a registry, another tag": time_registry(kubernetes, registry, api),
    }
    log.info("%s: seconds from a new .xpkg to a ready pod, median (slowest)", crossplane.line)
    for way, values in ways.items():
        log.info("%-32s%6d%16s", way, len(values), f"{median(values):.2f} ({max(values):.2f})")


def save(path: Path, content: bytes) -> None:
    """Replace a file atomically, as the crossplane CLI does not, so that it is saved once."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def time_registry(kubernetes: Kubernetes, registry: Registry, api: str) -> list[float]:
    """Push each build to the registry, change the tag, and return the seconds to a ready pod.

    Args:
        kubernetes: The cluster.
        registry: The registry.
        api: The apiVersion of a Function.
    """
    seconds: list[float] = []
    images_before: set[str] = set()
    for number in range(FEWER + 1):
        image = zones.image(registry.shelf, number)
        registry.shelf.build(f"acme-rebuilt-v0.0.{number}", zones.PACKAGE, image)
        start = time.monotonic()
        registry.publish(zones.PACKAGE, "acme/rebuilt", f"v0.0.{number}", image)
        spec = {"package": f"{registry.address}/acme/rebuilt:v0.0.{number}"}
        document = {"apiVersion": api, "kind": "Function", "metadata": {"name": "rebuilt"}}
        kubernetes.apply(json.dumps({**document, "spec": spec}))
        until(partial(not_replaced, kubernetes, images_before), "a pod of the build is ready")
        images_before = zones.pod_images(kubernetes, "rebuilt")
        if number:
            seconds.append(time.monotonic() - start)
    kubernetes.kubectl("delete", "function.pkg.crossplane.io/rebuilt")
    return seconds


def not_replaced(kubernetes: Kubernetes, images_before: set[str]) -> str | None:
    """Return the obstacle until only pods with other images than before exist, and are ready."""
    images = zones.pod_images(kubernetes, "rebuilt")
    if not images or images & images_before:
        return f"the pods have the images {images or 'of nothing'}"
    return (
        None if zones.pod_images(kubernetes, "rebuilt", only_ready=True) == images else "not ready"
    )


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
