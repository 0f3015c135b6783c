"""Real Helm 3 and 4 render the upstream charts with the values of packages."""

from __future__ import annotations

import gzip
from base64 import b64decode
from typing import TYPE_CHECKING, TypedDict

import pytest
import yaml

from postrender import packages
from postrender.manifests import nodes
from tests.shared import checking
from tests.shared.paths import ROOT
from tests.shared.programs import KUBERNETES, both_helms, output, path_of
from tests.shared.releases import CROSSPLANE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command
    from tests.shared.programs import Plain

pytestmark = pytest.mark.linux  # tools/build.sh

NETWORK = ROOT / "examples" / "network"
DECLARED: dict[str, Plain] = {
    "path": str(NETWORK),
    "package": "xpkg.example.org/acme/network:v0.2.0",
}

every_line = pytest.mark.parametrize("line", ["2.2", "2.3", "2.4"])

HOSTILE = '{{ fail "rendered" }} {{- "{{{" `}}` "\'\\ \u2028é ' + "word " * 40 + "\n{{ x }}"
"""Text of the user that must reach the cluster unchanged."""


def written(command: Command, file: Path, line: str, *options: str) -> Path:
    """Write the values of packages beside the file that declares them, and return their file."""
    run = command("values", "-f", file, f"--crossplane={line}", *options)
    assert (run.status, run.stderr) == (0, "")
    path = file.with_name("packages.yaml")
    path.write_text(run.stdout)
    return path


class Mount(TypedDict):
    name: str
    mountPath: str
    subPath: str


class Volume(TypedDict):
    name: str
    configMap: dict[str, str]


class Container(TypedDict):
    args: list[str]
    volumeMounts: list[Mount]


class Pod(TypedDict):
    initContainers: list[Container]
    containers: list[Container]
    volumes: list[Volume]


class Template(TypedDict):
    spec: Pod


class Spec(TypedDict):
    replicas: int
    strategy: dict[str, str]
    template: Template


class Object(TypedDict):
    """An object that Helm renders, with the fields of a Deployment and a ConfigMap."""

    kind: str
    metadata: dict[str, str]
    spec: Spec
    binaryData: dict[str, str]


def rendered(helm: str, line: str, *files: Path) -> dict[tuple[str, str], Object]:
    """Return the objects of an upstream chart by kind and name, also those in a List."""
    chart = f"{path_of('CHARTS')}/crossplane-{CROSSPLANE[line]}.tgz"
    options = ["-n=elsewhere", f"--kube-version={KUBERNETES}", *(f"-f={file}" for file in files)]
    text = output(helm, "template", "crossplane", chart, *options)
    return {
        (item["kind"], item["metadata"]["name"]): item
        for document in filter(None, yaml.load_all(text, nodes.LOADER))
        for item in document.get("items", [document])
    }


@both_helms
@every_line
def test_the_pod_has_the_file_that_crossplane_reads(
    helm: str, line: str, command: Command, tmp_path: Path
) -> None:
    """The user's entries stay, in the values files of the user and of the packages."""
    block = yaml.safe_load("""\
extraObjects: [{apiVersion: v1, kind: Secret, metadata: {name: '{{ .Release.Name }}-mine'}}]
extraVolumesCrossplane: [{name: mine, emptyDir: {}}]
extraVolumeMountsCrossplane: [{name: mine, mountPath: /mine}]
configuration: {packages: ['xpkg.example.com/acme/remote:v1']}
replicas: 2
""")
    users = tmp_path / "users.yaml"
    users.write_text(yaml.safe_dump(block))
    declared = checking.values(tmp_path, {"packages": {"acme-network": DECLARED}}, crossplane=block)
    objects = rendered(helm, line, users, written(command, declared, line))

    package = packages.read(NETWORK)
    deployment = objects["Deployment", "crossplane"]
    assert deployment["metadata"]["namespace"] == "elsewhere"
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    pod = deployment["spec"]["template"]["spec"]
    assert pod["initContainers"][0]["args"][2:6] == [
        *("--configuration", "xpkg.example.com/acme/remote:v1"),
        *("--configuration", f"xpkg.example.org/acme/network@{package.digest}"),
    ]
    mounts = pod["containers"][0]["volumeMounts"]
    assert "/mine" in [mount["mountPath"] for mount in mounts]
    (mount,) = (mount for mount in mounts if mount["name"] == "devcache-packages")
    key = f"xpkg-example-org-acme-network-sha256-{package.digest[7:12]}.gz"
    assert mount["mountPath"] == f"/cache/xpkg/{key}"
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "devcache-packages")
    config_map = objects["ConfigMap", volume["configMap"]["name"]]
    assert config_map["metadata"]["namespace"] == "elsewhere"
    content = gzip.decompress(b64decode(config_map["binaryData"][mount["subPath"]]))
    assert content == package.package_yaml.content
    assert ("Secret", "crossplane-mine") in objects


@both_helms
@every_line
def test_objects_are_rendered_as_they_are_declared(
    helm: str, line: str, command: Command, tmp_path: Path
) -> None:
    labels: dict[str, Plain] = {HOSTILE: HOSTILE, "{{": ["}}", "{{{{", "{", ""]}
    package: Plain = {**DECLARED, "spec": {"commonLabels": labels}}
    declared = checking.values(tmp_path, {"packages": {"acme-network": package}})
    objects = rendered(helm, line, written(command, declared, line, "--objects"))
    configuration = objects["Configuration", "acme-network"]
    assert dict(configuration["spec"]) == {
        "package": "xpkg.example.org/acme/network:v0.2.0",
        "packagePullPolicy": "IfNotPresent",
        "commonLabels": labels,
    }
    assert ("ImageConfig", "devcache-acme-network") in objects


@both_helms
def test_values_without_packages_change_nothing(
    helm: str, command: Command, tmp_path: Path
) -> None:
    declared = checking.values(tmp_path, {"packages": {}})
    assert rendered(helm, "2.4", written(command, declared, "2.4")) == rendered(helm, "2.4")
