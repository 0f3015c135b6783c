"""The packages of a release: their contents in the pods and on disk, and Crossplane's reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from postrender import result_cache
from postrender.errors import DevcacheError
from postrender.live import pods, releases, revisions, selection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postrender.declared.devcache import PackageDeclaration
    from postrender.live.cluster import Cluster
    from postrender.live.pods import Pod
    from postrender.live.releases import Release
    from postrender.live.revisions import State
    from postrender.payload.record import RecordedPackage
    from postrender.result_cache import ResultCache

Disk = Literal["same", "differs", "unreadable", "unknown"]
"""The comparison of a package on disk with the ConfigMap: `unknown` without an existing path."""


_OLDER = "Crossplane has an older content: push it again"
"""The trouble of a package whose push Crossplane has neither read nor refused."""


@dataclass(frozen=True)
class Item:
    """One package.

    Attributes:
        entry: Its entry in the record of the ConfigMap.
        disk: The result of the comparison with the package on disk.
        lagging: The names of the pods whose caches lack its content.
        state: The state that Crossplane reports.
        trouble: The reason that it is not healthy, or that Crossplane has an older content than the
            ConfigMap, in one sentence, or "".
    """

    entry: RecordedPackage
    disk: Disk
    lagging: tuple[str, ...]
    state: State
    trouble: str

    @property
    def origin(self) -> str:
        """The origin of its content: the release, or a push."""
        if not self.entry.released:
            return "pushed"
        return "release" if self.entry.content == self.entry.released else "release, pushed over"


@dataclass(frozen=True)
class Inventory:
    """All packages of a release, and its pods with their caches."""

    items: tuple[Item, ...]
    pods: tuple[Pod, ...]


def read(
    cluster: Cluster,
    declarations: Sequence[PackageDeclaration],
    cache: ResultCache = result_cache.NO_CACHE,
) -> Inventory:
    """Return the inventory of the release in live mode.

    Args:
        cluster: The cluster.
        declarations: The packages of values files; none to compare the packages at the paths from
            which the release was installed.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: There is no release in live mode.
    """
    release = releases.find(cluster)
    release_pods = pods.of_release(cluster, release)
    by_name = {declaration.name: declaration for declaration in declarations}
    items = [
        _item(
            cluster, release, entry, _disk(release, entry, by_name.get(name), cache), release_pods
        )
        for name, entry in sorted(release.entries.items())
    ]
    return Inventory(tuple(items), tuple(release_pods))


def _item(
    cluster: Cluster,
    release: Release,
    entry: RecordedPackage,
    disk: Disk,
    release_pods: Sequence[Pod],
) -> Item:
    files = {entry.file: entry.content}
    state = revisions.state(cluster, entry, release.target)
    state = revisions.explained(cluster, state, entry, release.target)
    is_current = entry.is_notified
    if release.target.uses_image_configs and state.resolved_package:
        is_current = state.resolved_package.endswith(entry.digest)
    caches = {pod.name: pod.cache for pod in release_pods}
    trouble = "" if state.is_healthy else reason(release, entry, state, caches)
    return Item(
        entry=entry,
        disk=disk,
        lagging=tuple(pod.name for pod in release_pods if pod.lacks(files)),
        state=state,
        trouble=trouble if is_current or state.refusal else _OLDER,
    )


def reason(
    release: Release, entry: RecordedPackage, state: State, caches: Mapping[str, Mapping[str, str]]
) -> str:
    """Return the reason that a package is not healthy, in one sentence.

    Args:
        release: The release.
        entry: The package's entry in the record of the ConfigMap.
        state: The state that Crossplane reports.
        caches: The cache of each pod, i.e. its contents by file, by the name of the pod.
    """
    expected_file = entry.file
    digest = state.resolved_package.partition("@")[2]
    if release.target.uses_image_configs and digest:
        expected_file = release.target.cache_key(entry.reference, digest)
    for name, cache in sorted(caches.items()):
        if expected_file not in cache:
            files = ", ".join(sorted(cache)) or "nothing"
            return f"Crossplane looks for {expected_file}, and pod {name} has {files}"
    if not caches:
        return "no pod of Crossplane is running"
    if not state.conditions:
        if entry.install:
            return "Crossplane has not reported on the package object yet"
        return "there is no package object"
    return state.trouble or "Crossplane has not reported on its health yet"


def _disk(
    release: Release,
    entry: RecordedPackage,
    declaration: PackageDeclaration | None,
    cache: ResultCache,
) -> Disk:
    path = Path(declaration.path if declaration else entry.path)
    if not (declaration or entry.path) or not path.exists():
        return "unknown"
    declaration = declaration or selection.of_release(entry, path)
    try:
        [package] = selection.local_packages(release, [declaration], cache)
    except DevcacheError:
        return "unreadable"
    return "same" if package.content == entry.content else "differs"
