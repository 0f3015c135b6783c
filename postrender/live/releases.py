"""A release in live mode as the cluster has it: read, and its ConfigMap written."""

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
"""What ends the keys of pushed packages: no release has such a key, so Helm leaves them alone."""

_LIVE_HINT = "set devcache.live to true, and run helm upgrade with the post-renderer"


class OvertakenError(DevcacheError):
    """Somebody else has pushed packages, or upgraded the release, since they were pushed.

    Attributes:
        names: The packages.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """Say so of packages."""
        problem = "somebody else has pushed it, or upgraded the release, in the meantime"
        hint = "what they brought is what the cluster has; push again to replace it"
        super().__init__(problem, where=f"package {', '.join(names)}", hint=hint)
        self.names = frozenset(names)


@dataclass(frozen=True)
class Release:
    """A release in live mode.

    Attributes:
        config_map: Its ConfigMap, as it was read.
        contents: What that holds.
        record: What the release declares and has.
        pushed: What pushes added, and the release does not declare.
        selector: The labels of its pods.
    """

    config_map: Object
    contents: Contents
    record: Record
    pushed: Record
    selector: Mapping[str, str]

    @property
    def target(self) -> Target:
        """The Crossplane that it runs."""
        return Target.of(self.record.version, where="the release")

    @property
    def entries(self) -> dict[str, RecordedPackage]:
        """All packages in its cache, by name."""
        return {**self.pushed.packages, **self.record.packages}

    @property
    def manager(self) -> str:
        """The field manager of what the release has: Helm's, whatever that is called."""
        return kinds.manager(self.config_map, "data", contents.INDEX)

    @property
    def owner(self) -> tuple[str, str] | None:
        """Helm's name and namespace of it, or None when it was not Helm that made it."""
        noted = kinds.fields(self.config_map).under("metadata").under("annotations")
        name = noted.text(labels.RELEASE_NAME)
        namespace = noted.text(labels.RELEASE_NAMESPACE)
        return (name, namespace) if name and namespace else None


def find(cluster: Cluster) -> Release:
    """Return the release in live mode of a namespace.

    Raises:
        DevcacheError: There is none, more than one, or one that is not in live mode.
    """
    apart = {labels.COMPONENT: labels.PAYLOAD}
    config_maps = cluster.labelled(CONFIG_MAPS, {labels.PART_OF: labels.OWNER}, but=apart)
    if not config_maps:
        problem = "there is no release of crossplane-devcache"
        hint = "-n names the namespace that Crossplane runs in, crossplane-system by default"
        raise DevcacheError(problem, where=cluster.title, hint=hint)
    live = [each for each in config_maps if record.RELEASED in _data(each).values]
    if not live:
        problem = "live mode is off"
        raise DevcacheError(problem, where=cluster.title, hint=_LIVE_HINT)
    if len(live) > 1:
        names = ", ".join(sorted(map(kinds.name, live)))
        problem = f"more than one ConfigMap is that of a release: {names}"
        raise DevcacheError(problem, where=cluster.title)
    return _release(cluster, live[0])


def require(cluster: Cluster, wanted: Mapping[str, str]) -> Release:
    """Return the release, if it still has what a push has brought.

    Args:
        cluster: The cluster.
        wanted: The contents of packages that were pushed, by name.

    Raises:
        OvertakenError: Somebody else has pushed some of them, or upgraded the release.
    """
    release = find(cluster)
    now = {name: entry.content for name, entry in release.entries.items()}
    if lost := [name for name, content in wanted.items() if now.get(name) != content]:
        raise OvertakenError(lost)
    return release


def write(cluster: Cluster, release: Release, after: Contents) -> None:
    """Replace what the ConfigMap of a release holds, if it is still the one that was read.

    What the release has is applied as the release's own field manager, so that the next upgrade
    has nothing to quarrel with; what only pushes bring as another one's, so that it stays.

    Raises:
        ConflictError: It is another one by now. One that is written by half is so, too.
    """
    metadata = kinds.fields(release.config_map).under("metadata")
    name: Object = {"name": metadata.text("name"), "namespace": metadata.text("namespace")}
    cache = {key: metadata.under(key).values for key in ("labels", "annotations")}
    version = kinds.resource_version(release.config_map)
    for manager, pushed, more in ((release.manager, False, cache), (MANAGER, True, {})):
        part = _part(after, pushed=pushed)
        if part == _part(release.contents, pushed=pushed):
            continue
        wanted: Object = {
            "apiVersion": CONFIG_MAPS.api_version,
            "kind": CONFIG_MAPS.kind,
            "metadata": {**name, **more, "resourceVersion": version},
            **part,
        }
        version = kinds.resource_version(cluster.apply(CONFIG_MAPS, wanted, manager))


def _part(held: Contents, *, pushed: bool) -> Object:
    part = Contents(
        {key: text for key, text in held.data.items() if is_pushed(key) == pushed},
        {key: content for key, content in held.binary.items() if is_pushed(key) == pushed},
    )
    return {"data": {}, "binaryData": {}, **part.fields}


def is_pushed(key: str) -> bool:
    """Return whether a key of the ConfigMap is one that pushes bring, and no release has."""
    return key in {contents.PUSHED_INDEX, record.PUSHED} or key.endswith(PUSHED_SUFFIX)


def _data(config_map: Object) -> Fields:
    return kinds.fields(config_map).under("data")


def _release(cluster: Cluster, config_map: Object) -> Release:
    name, held = kinds.name(config_map), Contents.of(kinds.fields(config_map))
    called = name.removesuffix("-devcache")
    runs = cluster.get(DEPLOYMENTS, called)
    if runs is None:
        problem = f"there is no Deployment {called} that mounts {name}"
        raise DevcacheError(problem, where=cluster.title)
    spec = kinds.fields(runs).under("spec")
    _require_sidecar(spec.under("template").under("spec"), cluster.title)
    where = f"ConfigMap {name}"
    released = record.parse(held.data[record.RELEASED], where=where)
    pushed = released._replace(packages={})
    if record.PUSHED in held.data:
        pushed = record.parse(held.data[record.PUSHED], where=where)
    labels = spec.under("selector").under("matchLabels")
    return Release(
        config_map,
        held,
        released,
        pushed,
        {key: labels.text(key) for key, _ in labels.entries()},
    )


def _require_sidecar(pod: Fields, where: str) -> None:
    for container in kinds.items(pod.values.get("initContainers")):
        if container.text("name") == rewrite.SIDECAR:
            if container.text("restartPolicy") == "Always":
                return
            problem = "this Kubernetes knows no sidecars, which live mode needs"
            raise DevcacheError(problem, where=where, hint="use Kubernetes 1.29 or later")
    problem = f"live mode is off: the Deployment has no container {rewrite.SIDECAR}"
    raise DevcacheError(problem, where=where, hint=_LIVE_HINT)
