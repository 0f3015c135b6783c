"""Tests CI: the makelib's targets, the GitHub Action, and the programs that load images."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cluster import images, namespaces
from tests.e2e import zones
from tests.e2e.commands import CommandResult, Program
from tests.e2e.crossplane import SEE_DEFINITIONS
from tests.e2e.image_programs import CLUSTER, ImagePrograms
from tests.e2e.kubernetes import field_type
from tests.e2e.packages import api, configuration, runtime
from tests.e2e.waiting import until
from tests.shared.github_action import Job
from tests.shared.paths import ROOT
from tests.shared.programs import SEARCH_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.cluster import Cluster
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.e2e.shelf import Shelf

MAKEFILE = """\
PROJECT_NAME := base
ROOT_DIR := {folder}
WORK_DIR := $(ROOT_DIR)/.work
XPKG_OUTPUT_DIR := $(ROOT_DIR)/_output/xpkg
VERSION := v0.1.0-3.g1234567.dirty
ARCH := amd64
TOOLS_HOST_DIR := $(ROOT_DIR)/.cache/tools
KIND := $(TOOLS_HOST_DIR)/kind-v0.30.0
HELM := $(TOOLS_HOST_DIR)/helm-v3.18.6
KUBECTL := {kubectl}
INFO = echo [ .. ]
OK = echo [ OK ]
FAIL = (echo [FAIL] && false)

$(KIND) $(HELM): ; @echo "$@ is missing" && false

include devcache.mk

controlplane.down: $(KIND) ; @:
"""
"""The variables and targets of the makelib that devcache.mk uses."""

NAME = "base"
"""The name of the Configuration in these scenarios."""


@dataclass(frozen=True)
class Repository:
    """A repository with the makelib, whose kubeconfig names the cluster as kind does."""

    folder: Path
    environment: dict[str, str]
    programs: ImagePrograms
    shelf: Shelf
    chart: str

    def save(self, name: str, content: bytes) -> None:
        """Save an .xpkg as the makelib's build does."""
        output = self.folder / "_output/xpkg/linux_amd64"
        output.mkdir(parents=True, exist_ok=True)
        (output / f"{name}-v0.1.0-3.g1234567.dirty.xpkg").write_bytes(content)

    def save_configuration(self, field: str) -> None:
        """Build the Configuration, with an API that has this field."""
        package = configuration(self.folder, NAME, field=field)
        self.save(NAME, self.shelf.build(f"{NAME}-{field}", package).read_bytes())

    def run(self, *arguments: str) -> CommandResult:
        """Run make, and return the result."""
        run = subprocess.run(
            ["make", *arguments, f"DEVCACHE_ARGS=--chart={self.chart}"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return CommandResult(run.returncode, run.stdout, run.stderr)

    def make(self, *arguments: str) -> str:
        """Run make, which must succeed, and return its standard output."""
        result = self.run(f"KIND_CLUSTER_NAME={CLUSTER}", *arguments)
        assert result.status == 0, f"{result.stdout}\n{result.stderr}"
        return result.stdout


@pytest.fixture
def programs(cluster: Cluster, tmp_path: Path) -> ImagePrograms:
    """Stand-ins for the programs that load images."""
    folder = tmp_path / "programs"
    folder.mkdir()
    return ImagePrograms(folder, namespaces.nsenter(cluster.init, images.IMPORT))


def kubeconfig(cluster: Cluster, folder: Path, context: str) -> Path:
    """Write a kubeconfig whose only context has this name, and return it."""
    document = yaml.safe_load(Path(cluster.kubeconfig).read_text())
    [entry] = document["contexts"]
    entry["name"] = document["current-context"] = context
    file = folder / "kubeconfig.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


@pytest.fixture
def repository(
    crossplane: Crossplane,
    cluster: Cluster,
    programs: ImagePrograms,
    shelf: Shelf,
    tmp_path: Path,
) -> Iterator[Repository]:
    """A repository, and a cluster without any trace of Crossplane."""
    crossplane.ensure_empty_cluster()
    if crossplane.line.at_least < (2, 0):
        crossplane.kubernetes.apply(yaml.safe_dump_all(SEE_DEFINITIONS))
    folder = tmp_path / "repository"
    tools = folder / ".cache/tools"
    tools.mkdir(parents=True)
    programs.add("kind", tools / "kind-v0.30.0")
    (tools / "helm-v3.18.6").symlink_to(crossplane.helm.path)
    (folder / "devcache.mk").write_text((ROOT / "devcache.mk").read_text())
    (folder / "Makefile").write_text(MAKEFILE.format(folder=folder, kubectl=cluster.kubectl))
    environment = {
        **os.environ,
        **crossplane.helm.environment,
        "KUBECONFIG": str(kubeconfig(cluster, folder, f"kind-{CLUSTER}")),
        "PATH": SEARCH_PATH,
    }
    yield Repository(folder, environment, programs, shelf, crossplane.upstream)
    crossplane.state, crossplane.is_broken = None, True


def revisions(kubernetes: Kubernetes) -> set[str]:
    return {state.revision for state in kubernetes.packages().values() if state.name == NAME}


def test_the_targets_of_the_makelib(
    repository: Repository, crossplane: Crossplane, kubernetes: Kubernetes, shelf: Shelf
) -> None:
    repository.save_configuration("size")
    assert "[ OK ] deploying configuration" in repository.make(
        f"local.xpkg.deploy.configuration.{NAME}"
    )
    first = revisions(kubernetes)

    nop = shelf.build("nop-embedded", shelf.provider_nop_source(), runtime("provider-nop"))
    repository.save("provider-nop", nop.read_bytes())
    repository.save("zones", zones.build(shelf, 1))
    targets = ("local.xpkg.deploy.provider.provider-nop", "local.xpkg.deploy.function.zones")
    repository.make("local.xpkg.sync", *targets, "CROSSPLANE_ARGS=--debug")
    kubernetes.wait_until_healthy([NAME, "provider-nop", "zones"])
    assert set(repository.programs.calls()) == {"kind load image-archive"}
    arguments = "{.spec.template.spec.containers[0].args}"
    assert "--debug" in kubernetes.read("deployment/crossplane", arguments)
    [image] = zones.pod_images(kubernetes, "zones")

    repository.save_configuration("colour")
    repository.save("zones", zones.build(shelf, 2))
    repository.make(f"local.xpkg.deploy.configuration.{NAME}", "CROSSPLANE_ARGS=--debug")
    assert kubernetes.read(f"crd/{api(NAME)}", field_type("colour")) == "string"
    if crossplane.line.at_least >= (2, 2):  # up to 2.1, the revision reads its file again
        assert revisions(kubernetes).isdisjoint(first)
    assert zones.pod_images(kubernetes, "zones").isdisjoint({image})

    repository.make("controlplane.down")
    assert not list(repository.folder.glob(".work/devcache/*"))


RUNTIME_CONFIG = """\
apiVersion: pkg.crossplane.io/v1beta1
kind: DeploymentRuntimeConfig
metadata:
  name: debug
spec:
  deploymentTemplate:
    spec:
      selector: {}
      template:
        spec:
          containers:
            - name: package-runtime
              args: [--debug]
"""


def test_a_runtime_config_and_failures(
    repository: Repository, kubernetes: Kubernetes, shelf: Shelf
) -> None:
    configure = f"local.xpkg.deploy.configuration.{NAME}"
    missing = repository.run(f"KIND_CLUSTER_NAME={CLUSTER}", configure)
    assert missing.status == 2
    assert "base-v0.1.0-3.g1234567.dirty.xpkg does not exist: run `make build`" in missing.stderr

    repository.save(NAME, b"no archive")
    wrong = repository.run(f"KIND_CLUSTER_NAME={CLUSTER}", configure)
    assert wrong.status == 2
    assert "base-v0.1.0-3.g1234567.dirty.xpkg" in wrong.stdout
    assert "[FAIL]" in wrong.stdout
    assert not kubernetes.names("crds")

    repository.save_configuration("size")
    elsewhere = repository.run(configure)
    assert elsewhere.status == 2
    assert "kind-local-dev" in elsewhere.stderr

    repository.make(configure)
    repository.save("zones", zones.build(shelf, 1))
    file = repository.folder / "drc.yaml"
    file.write_text(RUNTIME_CONFIG)
    for number in (1, 2):
        repository.save("zones", zones.build(shelf, number))
        repository.make("local.xpkg.deploy.function.zones", "DRC_FILE=drc.yaml")
        kubernetes.wait_until_healthy([NAME, "zones"])
        selector = "pkg.crossplane.io/function=zones"
        arguments = kubernetes.values("pods", "{.spec.containers[0].args}", selector=selector)
        assert all("--debug" in argument for argument in arguments), arguments


PROGRAMS = {
    f"k3d-{CLUSTER}": "k3d image import",
    "minikube": "minikube image load",
    "docker-desktop": "docker load",
}


def other_images(kubernetes: Kubernetes, image: str) -> str | None:
    """Return the images of the ready pods of function-zones, unless it is only this one."""
    current = zones.pod_images(kubernetes, only_ready=True)
    return None if current == {image} else f"the images are {current}"


def test_other_programs_load_images(
    crossplane: Crossplane, cluster: Cluster, programs: ImagePrograms, shelf: Shelf, tmp_path: Path
) -> None:
    file = tmp_path / "zones.xpkg"
    for number, (context, call) in enumerate(PROGRAMS.items(), 3):
        file.write_bytes(zones.build(shelf, number))
        programs.add(call.split()[0])
        environment = {
            "KUBECONFIG": str(kubeconfig(cluster, tmp_path, context)),
            "PATH": f"{programs.folder}{os.pathsep}{SEARCH_PATH}",
        }
        devcache = Program(crossplane.devcache.path, environment)
        arguments = ("image", "load", str(file), f"--name={zones.NAME}", "--output=json")
        [image] = json.loads(devcache.run_logged(*arguments))["images"]
        assert (programs.calls()[-1], image["state"]) == (call, "loaded")
        crossplane.ensure({zones.NAME: {"path": str(file), "runtimeImage": "embedded"}})
        crossplane.state = None
        until(partial(other_images, crossplane.kubernetes, image["image"]), f"it runs {image}")
    assert programs.calls() == list(PROGRAMS.values())


def test_the_action_brings_packages_into_the_cluster(
    repository: Repository, crossplane: Crossplane, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    temporary, tools = tmp_path / "temporary", tmp_path / "bin"
    temporary.mkdir()
    tools.mkdir()
    (tools / "helm").symlink_to(crossplane.helm.path)
    environment = {**repository.environment, "PATH": f"{tools}{os.pathsep}{SEARCH_PATH}"}
    package = configuration(repository.folder, NAME)
    inputs = {
        "command": "up",
        "paths": NAME,
        "context": f"kind-{CLUSTER}",
        "arguments": f"--chart={repository.chart}\n--timeout=600",
    }
    job = Job(temporary, repository.folder, inputs)
    job.outputs["install"] = {"command": crossplane.devcache.path}
    assert job.run("run", **environment) == 0, job.log
    kubernetes.wait_until_healthy([NAME])
    assert "crossplane-devcache up: passed" in job.summary
    assert "Healthy" in job.summary
    assert "mermaid\nflowchart TD\n" in job.summary

    (package / "wrong.yaml").write_text("a: [")
    assert job.run("run", **environment) == 1
    assert "crossplane-devcache up: failed" in job.summary
    assert "wrong.yaml" in job.summary
