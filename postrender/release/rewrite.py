"""Rewrites the Deployment: adds or replaces our parts, and keeps all other bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender import labels
from postrender.errors import DevcacheError
from postrender.manifests import nodes
from postrender.manifests.changes import Change, Item, Removal
from postrender.payload.contents import SCRIPT
from postrender.release.deployment import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.declared.devcache import Copier
    from postrender.manifests.nodes import Plain
    from postrender.manifests.stream import Document
    from postrender.release.deployment import Deployment

VOLUME = "devcache"
INIT_CONTAINER = "devcache-copier"
SIDECAR = "devcache-live"
"""In live mode, a second copier, which keeps running and loads each change."""


class Additions(NamedTuple):
    """The additions to the Deployment.

    Attributes:
        config_maps: The names of the ConfigMaps that the copier reads. The release's own is the
            last: if several ConfigMaps have the same file, kubelet mounts the file of the last.
        checksum: A string whose change rolls the pod.
        mount_path: The folder where the ConfigMaps are mounted.
        copier: The initContainer's settings.
        size_limit: The sizeLimit of the package cache's emptyDir, or "" for none.
        live: Whether to add the sidecar, too.
    """

    config_maps: tuple[str, ...]
    checksum: str
    mount_path: str
    copier: Copier
    size_limit: str
    live: bool


def rewrite(deployment: Deployment, additions: Additions) -> Document:
    """Return the Deployment's document with the additions in place of those of an earlier pass.

    Everything else keeps its bytes.

    Raises:
        DevcacheError: The Deployment uses one of our names or our mount path for another purpose,
            or has a YAML alias, or a merge key at the place of an addition.
    """
    if not deployment.is_rewritten:
        _require_free(deployment, additions.mount_path)
    requested = list(_changes(deployment, additions))
    return deployment.document.changed(requested)


def _changes(deployment: Deployment, additions: Additions) -> Iterator[Change | Removal]:
    """Yield the additions, as changes of the Deployment's document."""
    annotations = (*TEMPLATE, "metadata", "annotations")
    volumes = (*TEMPLATE, "spec", "volumes")
    mount: dict[str, Plain] = {"name": VOLUME, "mountPath": additions.mount_path, "readOnly": True}
    yield Change((*annotations, labels.CHECKSUM), additions.checksum)
    yield from _init_containers(deployment, additions)
    yield Change((*deployment.container_path, "volumeMounts", Item(VOLUME)), mount)
    yield Change((*volumes, Item(VOLUME)), _volume(additions.config_maps))
    if deployment.volume is not None and additions.size_limit != deployment.size_limit:
        name = Item(nodes.text(nodes.get(deployment.volume, "name")))
        yield Change((*volumes, name, "emptyDir", "sizeLimit"), additions.size_limit or None)


def _volume(config_maps: Sequence[str]) -> dict[str, Plain]:
    sources: list[Plain] = [{"configMap": {"name": name}} for name in config_maps]
    if len(config_maps) == 1:
        return {"name": VOLUME, "configMap": {"name": config_maps[0]}}
    return {"name": VOLUME, "projected": {"sources": sources}}


def _init_containers(deployment: Deployment, additions: Additions) -> Iterator[Change | Removal]:
    """Yield the changes that add the copier and, in live mode, the sidecar.

    The copier still does the first load, so that Crossplane starts with a complete cache.
    """
    path = (*TEMPLATE, "spec", "initContainers")
    containers = {INIT_CONTAINER: _init_container(deployment, additions)}
    if additions.live:
        watcher = _init_container(deployment, additions, "watch")
        containers[SIDECAR] = {**watcher, "name": SIDECAR, "restartPolicy": "Always"}
    else:
        yield Removal(path, SIDECAR)  # of an earlier pass
    if nodes.items(nodes.get(deployment.template, "spec", "initContainers")):
        for name, container in containers.items():
            yield Change((*path, Item(name)), container)
    else:
        yield Change(path, list(containers.values()))


def _init_container(
    deployment: Deployment, additions: Additions, *arguments: str
) -> dict[str, Plain]:
    copier, path = additions.copier, additions.mount_path
    cache: dict[str, Plain] = {
        key: nodes.text(nodes.get(deployment.mount, key))
        for key in ("name", "mountPath", "subPath")
        if nodes.get(deployment.mount, key) is not None
    }
    return {
        "name": INIT_CONTAINER,
        "image": copier.image,
        "imagePullPolicy": copier.pull_policy,
        "command": ["/bin/sh", f"{path}/{SCRIPT}", path, deployment.cache_root, *arguments],
        "resources": copier.resources,
        "securityContext": _security_context(deployment, copier),
        # `kubectl describe` then shows the package that the copier refuses.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": VOLUME, "mountPath": path, "readOnly": True}, cache],
    }


def _security_context(deployment: Deployment, copier: Copier) -> dict[str, Plain]:
    """Return a securityContext that Pod Security `restricted` admits, with Crossplane's user.

    The declared fields of the copier replace these. Null removes a field.
    """
    context: dict[str, Plain] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        **deployment.user,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        **copier.security_context,
    }
    return {key: value for key, value in context.items() if value is not None}


def _require_free(deployment: Deployment, mount_path: str) -> None:
    pod = nodes.get(deployment.template, "spec")
    mounts = nodes.items(nodes.get(deployment.container, "volumeMounts"))
    ours = {
        f"the volume {VOLUME}": nodes.named(nodes.get(pod, "volumes"), VOLUME),
        **{
            f"the container {name}": nodes.named(nodes.get(pod, "initContainers"), name)
            for name in (INIT_CONTAINER, SIDECAR)
        },
        f"the mount path {mount_path}": next(
            (m for m in mounts if nodes.text(nodes.get(m, "mountPath")) == mount_path), None
        ),
    }
    for part, node in ours.items():
        if node is not None:
            problem = f"it already has {part} that is not ours"
            hint = "rename it; cache.readOnly.mountPath moves our mount"
            raise DevcacheError(problem, where=deployment.title, hint=hint)
