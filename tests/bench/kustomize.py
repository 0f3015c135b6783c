"""Writes kustomizations for the filter's job, and checks that kustomize does the same job."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import yaml

from postrender.manifests import stream
from tests.bench.inputs import COMMAND, RENDERED, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

NAME, NAMESPACE = "crossplane", "crossplane-system"
"""The name of the Deployment that the filter changes, and its namespace."""

CHANGED_VOLUME, ADDED_VOLUME = "package-cache", "devcache"
"""The volume that the filter changes, and the one that it adds."""

KUSTOMIZATION = {
    "apiVersion": "kustomize.config.k8s.io/v1beta1",
    "kind": "Kustomization",
    "resources": ["rendered.yaml", "added.yaml"],
    # Keep the order of the input, as the filter does. The default order takes kustomize longer.
    "sortOptions": {"order": "fifo"},
}

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The YAML loader, which uses libyaml if PyYAML has it."""


class Patch(NamedTuple):
    """A patch that changes the Deployment exactly as the filter does."""

    form: str
    """The kind of patch, as the documentation of kustomize calls it."""

    content: object
    target: Mapping[str, str]
    """The object to patch; empty if the content names it."""


class Job(NamedTuple):
    """The filter's changes of Crossplane's manifests."""

    additions: bytes
    """The documents that the filter adds."""

    patches: tuple[Patch, ...]
    """The filter's changes of the Deployment; each patch has all of them."""


def job(config: Path) -> Job:
    """Return the filter's changes of Crossplane's manifests.

    Args:
        config: The file of the DevCache document.
    """
    before = {document.title for document in stream.split(RENDERED.read_bytes())}
    after = stream.split(_output([str(COMMAND), f"--config={config}"], RENDERED))
    additions = b"".join(document.content for document in after if document.title not in before)
    title = f"Deployment {NAMESPACE}/{NAME}"
    deployment = next(document.text for document in after if document.title == title)
    return Job(additions, (_json_6902(deployment), _strategic_merge(deployment)))


def _json_6902(modified: str) -> Patch:
    """Return the JSON 6902 patch, for which kustomize needs no schema."""
    template = yaml.safe_load(modified)["spec"]["template"]
    pod = template["spec"]
    position = [volume["name"] for volume in pod["volumes"]].index(CHANGED_VOLUME)
    limit = pod["volumes"][position]["emptyDir"]["sizeLimit"]
    operations = (
        ("add", "metadata/annotations", template["metadata"]["annotations"]),
        ("add", "spec/initContainers/-", pod["initContainers"][-1]),
        ("add", "spec/containers/0/volumeMounts/-", pod["containers"][0]["volumeMounts"][-1]),
        ("replace", f"spec/volumes/{position}/emptyDir/sizeLimit", limit),
        ("add", "spec/volumes/-", pod["volumes"][-1]),
    )
    content = [
        {"op": operation, "path": f"/spec/template/{path}", "value": value}
        for operation, path, value in operations
    ]
    target = {"kind": "Deployment", "name": NAME, "namespace": NAMESPACE}
    return Patch("JSON 6902", content, target)


def _strategic_merge(modified: str) -> Patch:
    """Return the strategic merge patch, for which kustomize reads the schemas of Kubernetes."""
    deployment = yaml.safe_load(modified)
    template = deployment["spec"]["template"]
    pod = template["spec"]
    (container,) = pod["containers"]
    # List the unchanged items too: kustomize puts items that only the patch has before the rest.
    *containers, copier = pod["initContainers"]
    *mounts, mount = container["volumeMounts"]
    spec = {
        "initContainers": [*({"name": item["name"]} for item in containers), copier],
        "containers": [
            {
                "name": container["name"],
                "volumeMounts": [*({"mountPath": item["mountPath"]} for item in mounts), mount],
            }
        ],
        "volumes": [
            volume if volume["name"] in {CHANGED_VOLUME, ADDED_VOLUME} else {"name": volume["name"]}
            for volume in pod["volumes"]
        ],
    }
    template_patch = {
        "metadata": {"annotations": template["metadata"]["annotations"]},
        "spec": spec,
    }
    content = {
        "apiVersion": deployment["apiVersion"],
        "kind": deployment["kind"],
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"template": template_patch},
    }
    return Patch("strategic merge", content, {})


def write(folder: Path, manifests: Path, additions: bytes, patch: Patch) -> None:
    """Write a kustomization that changes manifests exactly as the filter does.

    Args:
        folder: A new folder for the kustomization.
        manifests: A file with Crossplane's manifests and others.
        additions: The documents that the filter adds.
        patch: The filter's changes of the Deployment.
    """
    folder.mkdir()
    shutil.copy(manifests, folder / "rendered.yaml")
    (folder / "added.yaml").write_bytes(additions)
    (folder / "patch.yaml").write_text(yaml.safe_dump(patch.content))
    target = {"target": dict(patch.target)} if patch.target else {}
    content = KUSTOMIZATION | {"patches": [{"path": "patch.yaml", **target}]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(content))


def require_same(ours: Sequence[str], manifests: Path, peers: Iterable[Sequence[str]]) -> None:
    """Refuse to measure a peer whose objects differ from the filter's.

    Args:
        ours: The command of the filter.
        manifests: The input of the filter.
        peers: The commands of the peers.
    """
    objects = _objects(_output(ours, manifests))
    for peer in peers:
        if _objects(_output(peer)) != objects:
            sys.exit(f"bench: the objects of {' '.join(peer)} are not those of the filter")


def _output(command: Sequence[str], stdin: Path | None = None) -> bytes:
    data = stdin.read_bytes() if stdin else b""
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def _objects(manifests: bytes) -> list[object]:
    """Return the objects in order; a List counts as its items."""
    objects: list[object] = []
    for document in yaml.load_all(manifests, LOADER):
        if document:
            objects += document["items"] if document["kind"] == "List" else [document]
    return list(map(_without_nulls, objects))


def _without_nulls(value: object) -> object:
    """Return a value without the fields that are null, which a strategic merge drops.

    Kubernetes treats such a field as absent.
    """
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return list(map(_without_nulls, value))
    return value


def version() -> str:
    """Return the version of kustomize that tools/build.sh builds."""
    words = (ROOT / "tools" / "kustomize" / "go.mod").read_text().split()
    module = words.index("sigs.k8s.io/kustomize/kustomize/v5", words.index("require"))
    return words[module + 1].removeprefix("v")
