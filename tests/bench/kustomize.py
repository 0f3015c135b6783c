"""The filter's job as kustomizations, and the check that kustomize does the same job with them."""

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

CHANGED, ADDED = "package-cache", "devcache"
"""The volume that the filter changes, and the one that it adds."""

KUSTOMIZATION = {
    "apiVersion": "kustomize.config.k8s.io/v1beta1",
    "kind": "Kustomization",
    "resources": ["rendered.yaml", "added.yaml"],
    # The order of the input, which is the filter's. For the default one kustomize takes longer.
    "sortOptions": {"order": "fifo"},
}

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads YAML; by libyaml, where PyYAML has it."""


class Patch(NamedTuple):
    """A patch that makes of the Deployment what the filter makes of it."""

    form: str
    """Which kind of patch it is, as kustomize's documentation calls it."""

    content: object
    target: Mapping[str, str]
    """The object that it is for; nothing if the content names it."""


class Job(NamedTuple):
    """What the filter does to Crossplane's manifests."""

    added: bytes
    """The documents that it adds."""

    patches: tuple[Patch, ...]
    """What it changes; each patch has all of it."""


def job(config: Path) -> Job:
    """Return what the filter does.

    Args:
        config: The DevCache document.
    """
    before = {document.title for document in stream.split(RENDERED.read_bytes())}
    after = stream.split(_output([str(COMMAND), f"--config={config}"], RENDERED))
    added = b"".join(document.content for document in after if document.title not in before)
    title = f"Deployment {NAMESPACE}/{NAME}"
    deployment = next(document.text for document in after if document.title == title)
    return Job(added, (_json_6902(deployment), _strategic_merge(deployment)))


def _json_6902(modified: str) -> Patch:
    """Return the patch for which kustomize needs no schema."""
    template = yaml.safe_load(modified)["spec"]["template"]
    pod = template["spec"]
    position = [volume["name"] for volume in pod["volumes"]].index(CHANGED)
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
    """Return the patch for which kustomize reads the schemas of Kubernetes."""
    deployment = yaml.safe_load(modified)
    template = deployment["spec"]["template"]
    pod = template["spec"]
    (container,) = pod["containers"]
    # What a list keeps is named as well: kustomize puts what only the patch has before the rest.
    *others, copier = pod["initContainers"]
    *mounts, mount = container["volumeMounts"]
    spec = {
        "initContainers": [*({"name": one["name"]} for one in others), copier],
        "containers": [
            {
                "name": container["name"],
                "volumeMounts": [*({"mountPath": one["mountPath"]} for one in mounts), mount],
            }
        ],
        "volumes": [
            volume if volume["name"] in {CHANGED, ADDED} else {"name": volume["name"]}
            for volume in pod["volumes"]
        ],
    }
    changed = {"metadata": {"annotations": template["metadata"]["annotations"]}, "spec": spec}
    content = {
        "apiVersion": deployment["apiVersion"],
        "kind": deployment["kind"],
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"template": changed},
    }
    return Patch("strategic merge", content, {})


def write(folder: Path, manifests: Path, added: bytes, patch: Patch) -> None:
    """Write a kustomization that makes of manifests what the filter makes of them.

    Args:
        folder: Where to write it.
        manifests: Crossplane's manifests, and others.
        added: The documents that the filter adds.
        patch: What it changes.
    """
    folder.mkdir()
    shutil.copy(manifests, folder / "rendered.yaml")
    (folder / "added.yaml").write_bytes(added)
    (folder / "patch.yaml").write_text(yaml.safe_dump(patch.content))
    target = {"target": dict(patch.target)} if patch.target else {}
    content = KUSTOMIZATION | {"patches": [{"path": "patch.yaml", **target}]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(content))


def require_same(ours: Sequence[str], manifests: Path, peers: Iterable[Sequence[str]]) -> None:
    """Refuse to measure a peer whose objects are others than the filter's.

    Args:
        ours: The command of the filter.
        manifests: What it reads.
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
    """Return the objects, in their order; those of a List are objects like others."""
    objects: list[object] = []
    for document in yaml.load_all(manifests, LOADER):
        if document:
            objects += document["items"] if document["kind"] == "List" else [document]
    return list(map(_without_nulls, objects))


def _without_nulls(value: object) -> object:
    """Return a value without the fields that are null: a strategic merge drops those.

    Kubernetes takes such a field for one that is not there.
    """
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return list(map(_without_nulls, value))
    return value


def version() -> str:
    """Return the version of kustomize that tools/build.sh builds."""
    words = (ROOT / "tools" / "kustomize" / "go.mod").read_text().split()
    module = words.index("sigs.k8s.io/kustomize/kustomize/v5", words.index("require"))
    return words[module + 1].removeprefix("v")
