"""What there is: in the pods, in the release, on disk; and what Crossplane makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from postrender import results
from postrender.errors import DevcacheError
from postrender.live import pods, release, revisions, targets
from postrender.release import payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from postrender.declared.devcache import LocalPackage
    from postrender.live.cluster import Cluster
    from postrender.live.pods import Pod
    from postrender.live.release import Release
    from postrender.live.revisions import State
    from postrender.release.record import Entry
    from postrender.results import Results

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

    entry: Entry
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
    asked: Cluster, declared: Sequence[LocalPackage], kept: Results = results.NOTHING_KEPT
) -> Inventory:
    """Return what there is.

    Args:
        asked: The cluster.
        declared: What a values file declares, or nothing: then the paths of the release count.
        kept: Results of earlier runs.

    Raises:
        DevcacheError: There is no release in live mode.
    """
    found = release.find(asked)
    present = pods.running(asked, found)
    local = {one.name: one for one in declared}
    items = [
        _item(asked, found, entry, _disk(found, entry, local.get(name), kept), present)
        for name, entry in sorted(found.entries.items())
    ]
    return Inventory(tuple(items), tuple(present))


def _item(
    asked: Cluster,
    found: Release,
    entry: Entry,
    disk: Disk,
    present: Iterable[Pod],
) -> Item:
    wanted = {entry.file: entry.content}
    state = revisions.state(asked, entry, found.layout)
    is_told = entry.told
    if found.layout.keyed_by == "digest" and state.resolved:
        is_told = state.resolved.endswith(entry.digest)
    caches = {one.name: one.cached for one in present}
    trouble = "" if state.is_healthy else why(found, entry, state, caches)
    return Item(
        entry=entry,
        disk=disk,
        lagging=tuple(one.name for one in present if one.lacks(wanted)),
        state=state,
        trouble=trouble if is_told else "Crossplane has an older content: push it again",
    )


def why(found: Release, entry: Entry, state: State, caches: Mapping[str, Mapping[str, str]]) -> str:
    """Return why a package is not healthy, in one sentence.

    Args:
        found: The release.
        entry: What the ConfigMap has of the package.
        state: What Crossplane makes of it.
        caches: What each pod has loaded: contents by the cache's files.
    """
    expected = entry.file
    digest = state.resolved.partition("@")[2]
    if found.layout.keyed_by == "digest" and digest:
        expected = found.layout.cache_key(entry.reference, digest)
    for pod, cached in sorted(caches.items()):
        if expected not in cached:
            has = ", ".join(sorted(cached)) or "nothing"
            return f"Crossplane looks for {expected}, and pod {pod} has {has}"
    if not caches:
        return "no pod of Crossplane runs"
    if not state.conditions:
        return "there is no package object" if not entry.install else "Crossplane has not seen it"
    return state.trouble or "Crossplane has not said yet"


def _disk(found: Release, entry: Entry, local: LocalPackage | None, kept: Results) -> Disk:
    path = Path(local.path if local else entry.path)
    if not (local or entry.path) or not path.exists():
        return "unknown"
    try:
        [one] = targets.placed(found, [local or targets.known(entry, path)], kept)
    except DevcacheError:
        return "unreadable"
    return "same" if payload.content_sum(one) == entry.content else "differs"
