"""The pods of a release, and the wait until their sidecars have copied pushed packages."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from postrender import labels
from postrender.live import kinds, releases
from postrender.live.kinds import PODS
from postrender.release import rewrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from postrender.live.cluster import Cluster
    from postrender.live.plan import Change
    from postrender.live.releases import Release
    from postrender.live.stopwatch import Stopwatch

_POKE_INTERVAL = 2.0
"""Seconds between two pokes of kubelet, and between two checks for changes by somebody else."""

_LOADED = re.compile(r"(?:loaded|unchanged) \S+ -> (\S+) ([0-9a-f]{64})")
_UNLOADED = re.compile(r"unloaded (\S+)")


@dataclass(frozen=True)
class Pod:
    """A pod of Crossplane that is not terminating.

    Attributes:
        name: Its name.
        cache: The files that its sidecar reports: the sha256 of each package.yaml, by path in the
            cache.
        last_line: The last line of its sidecar's log, or "".
    """

    name: str
    cache: Mapping[str, str] = field(default_factory=dict)
    last_line: str = ""

    def lacks(self, files: Mapping[str, str]) -> bool:
        """Return whether its cache lacks some of the files, or has other contents of them."""
        return any(self.cache.get(file) != content for file, content in files.items())


def of_release(cluster: Cluster, release: Release) -> list[Pod]:
    """Return the pods of a release that are not terminating, sorted by name."""
    pods = [pod for pod in cluster.select(PODS, release.selector) if not kinds.is_ending(pod)]
    return [
        _pod(name, cluster.log(name, rewrite.SIDECAR)) for name in sorted(map(kinds.name, pods))
    ]


def _pod(name: str, log: Sequence[str]) -> Pod:
    return Pod(name, cache_files(log), log[-1] if log else "")


def cache_files(log: Iterable[str]) -> dict[str, str]:
    """Return the files in a cache, with their contents, as the sidecar's log reports them.

    Args:
        log: The lines of the log. After a start the sidecar reports all files.

    Returns:
        The sha256 of each package.yaml, by path in the cache.
    """
    files: dict[str, str] = {}
    for line in log:
        if match := _LOADED.fullmatch(line):
            files[match[1]] = match[2]
        elif match := _UNLOADED.fullmatch(line):
            files.pop(match[1], None)
    return files


def await_copies(
    cluster: Cluster, release: Release, changes: Iterable[Change], stopwatch: Stopwatch
) -> int:
    """Wait until all pods have packages in their caches; return the number of pods.

    Args:
        cluster: The cluster.
        release: The release.
        changes: The changes of the pushed packages.
        stopwatch: Shows the reason for the wait, and ends it.

    Raises:
        DevcacheError: The timeout has expired, or somebody else has changed the release.
    """
    entries = {change.name: change.entry for change in changes}
    files = {entry.file: entry.content for entry in entries.values()}
    contents = {name: entry.content for name, entry in entries.items()}
    last_poke: float | None = None
    while True:
        pods = of_release(cluster, release)
        lagging = [pod for pod in pods if pod.lacks(files)]
        if pods and not lagging:
            return len(pods)
        if last_poke is None or stopwatch.seconds - last_poke >= _POKE_INTERVAL:
            if last_poke is not None:
                releases.require_contents(cluster, contents)
            # kubelet may sync a pod before it sees the new ConfigMap, so poke it repeatedly.
            last_poke = stopwatch.seconds
            for pod in lagging:
                cluster.annotate(PODS, pod.name, {labels.PUSHED: f"{time.time():.3f}"})
        stopwatch.wait(_reason(lagging) if pods else "no pod of Crossplane is running")


def _reason(lagging: Iterable[Pod]) -> str:
    names = (f'{pod.name} ("{pod.last_line}")' if pod.last_line else pod.name for pod in lagging)
    return f"not loaded by pod {', '.join(names)}"
