"""A release in live mode, read from the cluster, and the update of its ConfigMap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender import labels
from postrender.crossplane.target import Target
from postrender.errors import DevcacheError
from postrender.live import kinds
from postrender.live.cluster import MANAGER
from postrender.live.kinds import CONFIG_MAPS, DEPLOYMENTS
from postrender.payload import contents, record
from postrender.payload.contents import Contents
from postrender.release import rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postrender.fields import Fields
    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Object
    from postrender.payload.record import Record, RecordedPackage

PUSHED_SUFFIX = ".pushed.xz"
"""The suffix of the keys of pushed packages: no release has such a key, so Helm ignores them."""

_LIVE_HINT = "set devcache.live to true, and run helm upgrade with the post-renderer"


class OvertakenError(DevcacheError):
    """Somebody else has pushed the same packages, or upgraded the release, since a push.

    Attributes:
        names: The names of the packages.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """Create the error for packages.

        Args:
            names: The names of the packages.
        """
        problem = "somebody else has pushed it, or upgraded the release, in the meantime"
        hint = "the cluster has their content; push again to replace it"
        super().__init__(problem, where=f"package {', '.join(names)}", hint=hint)
        self.names = frozenset(names)


@dataclass(frozen=True)
class Release:
    """A release in live mode.

    Attributes:
        config_map: Its ConfigMap, as the API server returned it.
        contents: The contents of the ConfigMap.
        record: The packages that the release declares.
        push_record: The packages that only pushes have added.
        selector: The labels of its pods.
    """

    config_map: Object
    contents: Contents
    record: Record
    push_record: Record
    selector: Mapping[str, str]

    @property
    def target(self) -> Target:
        """The target of its Crossplane line."""
        return Target.of(self.record.version, where="the release")

    @property
    def entries(self) -> dict[str, RecordedPackage]:
        """All packages in its cache, by name."""
        return {**self.push_record.packages, **self.record.packages}

    @property
    def manager(self) -> str:
        """The field manager of its objects, i.e. that of the Helm version that applied them."""
        return kinds.manager(self.config_map, "data", contents.INDEX)

    @property
    def owner(self) -> tuple[str, str] | None:
        """Its name and namespace in Helm, or None if Helm did not install it."""
        annotations = kinds.fields(self.config_map).under("metadata").under("annotations")
        name = annotations.text(labels.RELEASE_NAME)
        namespace = annotations.text(labels.RELEASE_NAMESPACE)
        return (name, namespace) if name and namespace else None


def find(cluster: Cluster) -> Release:
    """Return the release in live mode of a namespace.

    Raises:
        DevcacheError: The namespace has no release in live mode, or several.
    """
    payload = {labels.COMPONENT: labels.PAYLOAD}
    config_maps = cluster.select(CONFIG_MAPS, {labels.PART_OF: labels.OWNER}, without=payload)
    if not config_maps:
        problem = "there is no release of crossplane-devcache"
        hint = "set -n to the namespace of Crossplane; the default is crossplane-system"
        raise DevcacheError(problem, where=cluster.title, hint=hint)
    live = [config_map for config_map in config_maps if record.RELEASED in _data(config_map).values]
    if not live:
        problem = "live mode is off"
        raise DevcacheError(problem, where=cluster.title, hint=_LIVE_HINT)
    if len(live) > 1:
        names = ", ".join(sorted(map(kinds.name, live)))
        problem = f"several ConfigMaps belong to releases in live mode: {names}"
        raise DevcacheError(problem, where=cluster.title)
    return _release(cluster, live[0])


def require_contents(cluster: Cluster, pushed_contents: Mapping[str, str]) -> Release:
    """Return the release, if it still has the contents of a push.

    Args:
        cluster: The cluster.
        pushed_contents: The sha256 of each pushed package.yaml, by package name.

    Raises:
        OvertakenError: Somebody else has pushed some of the packages, or upgraded the release.
    """
    release = find(cluster)
    current = {name: entry.content for name, entry in release.entries.items()}
    overtaken_names = [
        name for name, content in pushed_contents.items() if current.get(name) != content
    ]
    if overtaken_names:
        raise OvertakenError(overtaken_names)
    return release


def write(cluster: Cluster, release: Release, new_contents: Contents) -> None:
    """Replace the contents of a release's ConfigMap, if it has not changed since it was read.

    The field manager of the release applies the keys of the release, so that the next upgrade has
    no conflict. Another field manager applies the keys of pushes, so that an upgrade keeps them. A
    manager of an empty map would own the map, and Helm 4 could not add a key to it.

    Raises:
        ConflictError: The ConfigMap has changed, possibly between the two requests.
    """
    metadata = kinds.fields(release.config_map).under("metadata")
    name: Object = {"name": metadata.text("name"), "namespace": metadata.text("namespace")}
    marks = {key: metadata.under(key).values for key in ("labels", "annotations")}
    version = kinds.resource_version(release.config_map)
    for manager, of_push, extra in ((release.manager, False, marks), (MANAGER, True, {})):
        part = _part(new_contents, of_push=of_push)
        if part == _part(release.contents, of_push=of_push):
            continue
        manifest: Object = {
            "apiVersion": CONFIG_MAPS.api_version,
            "kind": CONFIG_MAPS.kind,
            "metadata": {**name, **extra, "resourceVersion": version},
            **{key: entries for key, entries in part.fields.items() if entries},
        }
        version = kinds.resource_version(cluster.apply(CONFIG_MAPS, manifest, manager))


def _part(whole: Contents, *, of_push: bool) -> Contents:
    """Return the contents that pushes own, or those that the release owns."""
    return Contents(
        {key: text for key, text in whole.data.items() if is_push_key(key) == of_push},
        {key: packed for key, packed in whole.binary.items() if is_push_key(key) == of_push},
    )


def pushed_names(config_map: Object) -> frozenset[str]:
    """Return the names of the packages that only pushes have added to a ConfigMap."""
    text = _data(config_map).text(record.PUSHED)
    if not text:
        return frozenset()
    return frozenset(record.parse(text, where=f"ConfigMap {kinds.name(config_map)}").packages)


def is_push_key(key: str) -> bool:
    """Return whether only pushes write a key of the ConfigMap, and no release does."""
    return key in {contents.PUSHED_INDEX, record.PUSHED} or key.endswith(PUSHED_SUFFIX)


def _data(config_map: Object) -> Fields:
    return kinds.fields(config_map).under("data")


def _release(cluster: Cluster, config_map: Object) -> Release:
    name = kinds.name(config_map)
    deployment_name = name.removesuffix("-devcache")
    deployment = cluster.get(DEPLOYMENTS, deployment_name)
    if deployment is None:
        problem = f"there is no Deployment {deployment_name} to mount the ConfigMap {name}"
        raise DevcacheError(problem, where=cluster.title)
    spec = kinds.fields(deployment).under("spec")
    _require_sidecar(spec.under("template").under("spec"), cluster.title)
    where = f"ConfigMap {name}"
    whole = Contents.of(kinds.fields(config_map))
    declared = record.parse(whole.data[record.RELEASED], where=where)
    push_record = declared._replace(packages={})
    if record.PUSHED in whole.data:
        push_record = record.parse(whole.data[record.PUSHED], where=where)
    selector = spec.under("selector").under("matchLabels")
    return Release(
        config_map=config_map,
        contents=whole,
        record=declared,
        push_record=push_record,
        selector={key: selector.text(key) for key, _ in selector.entries()},
    )


def _require_sidecar(pod: Fields, where: str) -> None:
    for container in kinds.items(pod.values.get("initContainers")):
        if container.text("name") == rewrite.SIDECAR:
            if container.text("restartPolicy") == "Always":
                return
            problem = "this Kubernetes version does not support sidecars, which live mode needs"
            raise DevcacheError(problem, where=where, hint="use Kubernetes 1.29 or later")
    problem = f"live mode is off: the Deployment has no container {rewrite.SIDECAR}"
    raise DevcacheError(problem, where=where, hint=_LIVE_HINT)
