"""Finds the Deployment that runs Crossplane in the manifests, and reads its settings."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from postrender import labels
from postrender.crossplane import versions
from postrender.errors import DevcacheError, quoted
from postrender.manifests import nodes
from postrender.manifests.stream import require_manifests

if TYPE_CHECKING:
    from collections.abc import Sequence

    import yaml

    from postrender.manifests.changes import Step
    from postrender.manifests.stream import Document

TEMPLATE = ("spec", "template")
"""The path of the pod template."""

_MERGE_HINT = "render the Deployment without YAML merge keys (`<<`)"

_USER = re.compile("[0-9]{1,10}")
"""The number of a user or group, with at most as many digits as Kubernetes admits."""

_READ_ONLY_VOLUMES = ("configMap", "secret", "projected", "downwardAPI")


class Deployment(NamedTuple):
    """The Deployment that runs Crossplane.

    Attributes:
        document: The document of the Deployment.
        template: The pod template.
        position: The position of the container that runs `core start` in its list.
        container: That container.
        mount: The container's mount of the package cache.
        volume: The volume of the package cache, or None if the Deployment defines none.
    """

    document: Document
    template: yaml.Node
    position: int
    container: yaml.Node
    mount: yaml.Node
    volume: yaml.Node | None

    @property
    def title(self) -> str:
        """The Deployment, for error messages."""
        return self.document.title

    @property
    def container_path(self) -> tuple[Step, ...]:
        """The path of the container that runs `core start`."""
        return (*TEMPLATE, "spec", "containers", self.position)

    @property
    def cache_root(self) -> str:
        """The folder where Crossplane looks for cached packages."""
        return nodes.text(nodes.get(self.mount, "mountPath")).rstrip("/")

    @property
    def has_empty_dir(self) -> bool:
        """Whether the package cache is an emptyDir, and not e.g. a PVC."""
        return nodes.get(self.volume, "emptyDir") is not None

    @property
    def size_limit(self) -> str:
        """The sizeLimit of the package cache's emptyDir, or ""."""
        return nodes.text(nodes.get(self.volume, "emptyDir", "sizeLimit"))

    @property
    def user(self) -> dict[str, int]:
        """The `runAsUser` and `runAsGroup` of the container or its pod, as far as they are set.

        On OpenShift, values leave them out, and admission chooses the user of each container.
        """
        pod = nodes.get(self.template, "spec")
        values = {
            key: nodes.text(nodes.get(self.container, "securityContext", key))
            or nodes.text(nodes.get(pod, "securityContext", key))
            for key in ("runAsUser", "runAsGroup")
        }
        return {key: int(value) for key, value in values.items() if _USER.fullmatch(value)}

    @property
    def is_rewritten(self) -> bool:
        """Whether an earlier pass has rewritten it."""
        return nodes.get(self.template, "metadata", "annotations", labels.CHECKSUM) is not None

    @property
    def version(self) -> str:
        """Crossplane's version: the image's tag; without a tag, the version label."""
        tag = versions.tag(nodes.text(nodes.get(self.container, "image")))
        root = self.document.root
        return tag or nodes.text(nodes.get(root, "metadata", "labels", labels.VERSION))

    @property
    def verifies_signatures(self) -> bool:
        """Whether Crossplane verifies the signatures of packages that an ImageConfig selects."""
        flag = "--enable-signature-verification"
        return any(
            word == flag or (word.startswith(f"{flag}=") and word != f"{flag}=false")
            for word in nodes.words(nodes.get(self.container, "args"))
        )

    @property
    def listed_packages(self) -> list[str]:
        """The references of the packages that `core init --provider ...` installs."""
        flags = {"--provider", "--configuration", "--function"}
        containers = nodes.items(nodes.get(self.template, "spec", "initContainers"))
        arguments = [nodes.words(nodes.get(container, "args")) for container in containers]
        return [value for args in arguments for flag, value in pairwise(args) if flag in flags]


def find(documents: Sequence[Document], cache_volume: str) -> Deployment:
    """Return the one Deployment with a container that runs `core start` on the package cache.

    Labels do not identify it, because they depend on the chart's nameOverride.

    Args:
        documents: The rendered manifests.
        cache_volume: The name of the volume that Crossplane uses as its package cache.

    Raises:
        DevcacheError: There is none, there is more than one, or its cache is read-only.
    """
    deployments = [
        _deployment(document, template, position, cache_volume)
        for document in documents
        if document.mentions("Deployment", "core", "start")
        if document.kind == "Deployment" and not document.is_hook
        for template in filter(None, [nodes.get(document.root, *TEMPLATE)])
        for position, container in enumerate(_containers(template))
        if _runs_crossplane(container)
    ]
    if not deployments:
        require_manifests(documents)
        problem = "no Deployment among the rendered manifests runs Crossplane (`core start`)"
        hint = "render the Crossplane chart in the same release (crossplane.enabled)"
        if any(document.mentions("<<", "core", "start") for document in documents):
            hint = f"{_MERGE_HINT}, which may hide it"
        raise DevcacheError(problem, hint=hint)
    if len(deployments) > 1:
        titles = ", ".join(sorted(deployment.title for deployment in deployments))
        problem = f"more than one Deployment runs Crossplane: {titles}"
        raise DevcacheError(problem, hint="render one Crossplane at a time")
    return deployments[0]


def _containers(template: yaml.Node) -> list[yaml.Node]:
    return nodes.items(nodes.get(template, "spec", "containers"))


def _runs_crossplane(container: yaml.Node) -> bool:
    arguments = [
        word for key in ("command", "args") for word in nodes.words(nodes.get(container, key))
    ]
    return ("core", "start") in pairwise(arguments)


def _deployment(
    document: Document, template: yaml.Node, position: int, cache_volume: str
) -> Deployment:
    container = _containers(template)[position]
    _require_unmerged(document, container)
    mount = nodes.named(nodes.get(container, "volumeMounts"), cache_volume)
    if mount is None:
        problem = f"the container that runs Crossplane mounts no volume {quoted(cache_volume)}"
        hint = "name its package cache's volume in cache.readWrite.volume"
        raise DevcacheError(problem, where=document.title, hint=hint)
    if nodes.get(mount, "subPathExpr") is not None:
        problem = f"it mounts its package cache {quoted(cache_volume)} with a subPathExpr"
        hint = "use subPath: the copier cannot evaluate an expression with another container's env"
        raise DevcacheError(problem, where=document.title, hint=hint)
    volume = nodes.named(nodes.get(template, "spec", "volumes"), cache_volume)
    for source in _READ_ONLY_VOLUMES:
        if nodes.get(volume, source) is not None:
            problem = f"its package cache {quoted(cache_volume)} is a {source}, which is read-only"
            hint = "unset packageCache.configMap: Crossplane could not pull any other package"
            raise DevcacheError(problem, where=document.title, hint=hint)
    return Deployment(document, template, position, container, mount, volume)


def _require_unmerged(document: Document, container: yaml.Node) -> None:
    """Refuse a container with a merge key, which may hide its image and its mounts.

    Raises:
        DevcacheError: It has a merge key. The rewrite would also refuse it.
    """
    for key, _ in nodes.pairs(container):
        if nodes.text(key) == "<<":
            problem = "the container that runs Crossplane has a YAML merge key"
            where = f"{document.title}, line {document.line + key.start_mark.line}"
            raise DevcacheError(problem, where=where, hint=_MERGE_HINT)


def version(deployment: Deployment, override: str) -> versions.Version:
    """Return the Crossplane version that a Deployment runs.

    Args:
        deployment: The Deployment.
        override: The version to use in place of the Deployment's, or "".

    Raises:
        DevcacheError: The version is unknown.
    """
    text = override or deployment.version
    if parsed := versions.parse(text):
        return parsed
    problem = "the version of Crossplane is unknown: its image has no tag"
    if text:
        problem = f"its image's tag {quoted(text)} is not a Crossplane version"
    hint = 'set crossplaneVersion, e.g. "2.4.2"'
    raise DevcacheError(problem, where=deployment.title, hint=hint)


def require_cache_root(deployment: Deployment, cache_root: str) -> None:
    """Refuse a Deployment whose cache is not at the root of this Crossplane's layout.

    Raises:
        DevcacheError: The package cache is mounted elsewhere.
    """
    if deployment.cache_root != cache_root:
        problem = (
            f"it mounts its package cache at {quoted(deployment.cache_root)}, not {cache_root}"
        )
        hint = "set crossplaneVersion if the image's tag is not its Crossplane version"
        raise DevcacheError(problem, where=deployment.title, hint=hint)
