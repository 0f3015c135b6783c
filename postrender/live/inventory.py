"""What there is: in the pods, in the release, on disk; and what Crossplane makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from postrender import result_cache
from postrender.errors import DevcacheError
from postrender.live import pods, releases, revisions, selection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from postrender.declared.devcache import PackageDeclaration
    from postrender.live.cluster import Cluster
    from postrender.live.pods import Pod
    from postrender.live.releases import Release
    from postrender.live.revisions import State
    from postrender.payload.record import RecordedPackage
    from postrender.result_cache import ResultCache

Disk = Literal["same", "differs", "unreadable", "unknown"]
"""How a package on disk compares: unknown, when it is not known where that is."""


@dataclass(frozen=True)
class Item:
    """One package.

    Attributes:
        entry: What the ConfigMap has of it.
        disk: How the package on disk compares.
        lagging: The pods that do not have it in their cache.
        state: What Crossplane makes of it.
        trouble: Why it is not healthy, or not what the ConfigMap has, in one sentence, or "".
    """

    entry: RecordedPackage
    disk: Disk
    lagging: tuple[str, ...]
    state: State
    trouble: str

    @property
    def origin(self) -> str:
        """Who has brought what it has: the release, or a push."""
        if not self.entry.released:
            return "pushed"
        return "release" if self.entry.content == self.entry.released else "release, pushed over"


@dataclass(frozen=True)
class Inventory:
    """All packages of a release, and its pods with what is in their caches."""

    items: tuple[Item, ...]
    pods: tuple[Pod, ...]


def take(
    cluster: Cluster,
    declared: Sequence[PackageDeclaration],
    cache: ResultCache = result_cache.NO_CACHE,
) -> Inventory:
    """Return what there is.

    Args:
        cluster: The cluster.
        declared: What a values file declares, or nothing: then the paths of the release count.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: There is no release in live mode.
    """
    release = releases.find(cluster)
    present = pods.running(cluster, release)
    local = {one.name: one for one in declared}
    items = [
        _item(cluster, release, entry, _disk(release, entry, local.get(name), cache), present)
        for name, entry in sorted(release.entries.items())
    ]
    return Inventory(tuple(items), tuple(present))


def _item(
    cluster: Cluster,
    release: Release,
    entry: RecordedPackage,
    disk: Disk,
    present: Iterable[Pod],
) -> Item:
    wanted = {entry.file: entry.content}
    state = revisions.state(cluster, entry, release.target)
    is_told = entry.told
    if release.target.uses_image_configs and state.resolved:
        is_told = state.resolved.endswith(entry.digest)
    caches = {one.name: one.cached for one in present}
    trouble = "" if state.is_healthy else why(release, entry, state, caches)
    return Item(
        entry=entry,
        disk=disk,
        lagging=tuple(one.name for one in present if one.lacks(wanted)),
        state=state,
        trouble=trouble if is_told else "Crossplane has an older content: push it again",
    )


def why(
    release: Release, entry: RecordedPackage, state: State, caches: Mapping[str, Mapping[str, str]]
) -> str:
    """Return why a package is not healthy, in one sentence.

    Args:
        release: The release.
        entry: What the ConfigMap has of the package.
        state: What Crossplane makes of it.
        caches: What each pod has loaded: contents by the cache's files.
    """
    expected = entry.file
    digest = state.resolved.partition("@")[2]
    if release.target.uses_image_configs and digest:
        expected = release.target.cache_key(entry.reference, digest)
    for pod, cached in sorted(caches.items()):
        if expected not in cached:
            has = ", ".join(sorted(cached)) or "nothing"
            return f"Crossplane looks for {expected}, and pod {pod} has {has}"
    if not caches:
        return "no pod of Crossplane runs"
    if not state.conditions:
        return "there is no package object" if not entry.install else "Crossplane has not seen it"
    return state.trouble or "Crossplane has not said yet"


def _disk(
    release: Release, entry: RecordedPackage, local: PackageDeclaration | None, cache: ResultCache
) -> Disk:
    path = Path(local.path if local else entry.path)
    if not (local or entry.path) or not path.exists():
        return "unknown"
    try:
        [one] = selection.local_packages(
            release, [local or selection.of_release(entry, path)], cache
        )
    except DevcacheError:
        return "unreadable"
    return "same" if one.content == entry.content else "differs"
