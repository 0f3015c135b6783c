"""The pods of a release: having kubelet bring them what is new, until their sidecars have it."""

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
    from postrender.live.kinds import Object
    from postrender.live.plan import Change
    from postrender.live.releases import Release
    from postrender.live.stopwatch import Stopwatch

_REMINDER = 2.0
"""Seconds after which kubelet is poked again, and somebody else's change is looked for."""

_ENDED = {"Failed", "Succeeded"}
"""The phases of a pod that is over, e.g. evicted."""

_LOADED = re.compile(r"(?:loaded|unchanged) \S+ -> (\S+) ([0-9a-f]{64})")
_UNLOADED = re.compile(r"unloaded (\S+)")


@dataclass(frozen=True)
class Pod:
    """A pod of Crossplane that is not on its way out.

    Attributes:
        name: Its name.
        cached: What its sidecar has loaded: the sha256 of each package.yaml, by the cache's file.
        last: The last line that its sidecar said, or "".
    """

    name: str
    cached: Mapping[str, str] = field(default_factory=dict)
    last: str = ""

    def lacks(self, wanted: Mapping[str, str]) -> bool:
        """Return whether some of these contents are not in its cache."""
        return any(self.cached.get(file) != content for file, content in wanted.items())


def running(cluster: Cluster, release: Release) -> list[Pod]:
    """Return the pods of a release."""
    staying = [one for one in cluster.labelled(PODS, release.selector) if not _is_ending(one)]
    return [
        _pod(name, cluster.log(name, rewrite.SIDECAR)) for name in sorted(map(kinds.name, staying))
    ]


def _is_ending(pod: Object) -> bool:
    fields = kinds.fields(pod)
    phase = fields.under("status").text("phase")
    return bool(fields.under("metadata").text("deletionTimestamp")) or phase in _ENDED


def _pod(name: str, log: Sequence[str]) -> Pod:
    return Pod(name, cached(log), log[-1] if log else "")


def cached(log: Iterable[str]) -> dict[str, str]:
    """Return the files that a sidecar has loaded, each with its content, as its log says.

    Args:
        log: The lines of its log. After a start the sidecar reports all files.
    """
    files: dict[str, str] = {}
    for line in log:
        if match := _LOADED.fullmatch(line):
            files[match[1]] = match[2]
        elif match := _UNLOADED.fullmatch(line):
            files.pop(match[1], None)
    return files


def await_copies(
    cluster: Cluster, release: Release, changes: Iterable[Change], watch: Stopwatch
) -> int:
    """Return when all pods have packages in their caches, and how many pods that are.

    Args:
        cluster: The cluster.
        release: The release.
        changes: What is pushed.
        watch: Tells what is waited for.

    Raises:
        DevcacheError: The patience is at its end, or somebody else has changed the release.
    """
    wanted = {change.entry.file: change.entry.content for change in changes}
    contents = {change.name: change.entry.content for change in changes}
    poked: float | None = None
    while True:
        present = running(cluster, release)
        lagging = [one for one in present if one.lacks(wanted)]
        if present and not lagging:
            return len(present)
        if poked is None or watch.seconds - poked >= _REMINDER:
            if poked is not None:
                releases.require(cluster, contents)
            # kubelet may look before it has heard of the new ConfigMap, so once is not enough.
            poked = watch.seconds
            for one in lagging:
                cluster.annotate(PODS, one.name, {labels.PUSHED: f"{time.time():.3f}"})
        watch.wait(_lacking(lagging) if present else "no pod of Crossplane runs")


def _lacking(lagging: Iterable[Pod]) -> str:
    told = (f'{one.name} ("{one.last}")' if one.last else one.name for one in lagging)
    return f"not loaded by pod {', '.join(told)}"
