"""Waiting until Crossplane has read what was pushed, and it works."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError
from postrender.live import kinds, releases, revisions
from postrender.live.revisions import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postrender.live.cluster import Cluster
    from postrender.live.plan import Change
    from postrender.live.releases import Release
    from postrender.live.revisions import State
    from postrender.live.stopwatch import Stopwatch

_REMINDER = 2.0
"""Seconds after which somebody else's change is looked for."""

_GRACE = 5.0
"""Seconds for which Crossplane must stand by a refusal."""

_PASSING = ("dependenc", "already controlled by")
"""What refusals hold that pass by themselves: when dependencies are there, and when the revision
before has let go of what it had installed."""

_NUDGE, _LATER = 0.7, 1.5
"""Seconds without news after which Crossplane is nudged, and how much longer each time. After a
failure it pauses, twice as long each time, though what was in its way is long gone."""


@dataclass
class _Awaited:
    """A package that Crossplane is to take.

    Attributes:
        change: What was changed of it.
        before: The revisions that there were before it was told to Crossplane.
        state: What Crossplane makes of it, as far as that is about what was pushed.
    """

    change: Change
    before: set[str]
    state: State = NOTHING
    _since: float = 0
    _patience: float = _NUDGE
    _touched: bool = False

    def look(self, cluster: Cluster, release: Release, now: float) -> None:
        """Ask what has become of it, and have Crossplane go on with it.

        Raises:
            DevcacheError: Crossplane does not take it.
        """
        entry = self.change.entry
        state = revisions.state(cluster, entry, release.target)
        # What Crossplane says before it has resolved the tag anew is about the content before.
        by_path = not release.target.uses_image_configs
        arrived = state.revision != "" if by_path else state.resolved.endswith(entry.digest)
        if arrived and state.revision in self.before and not self._touched:
            self._touched = True
            kind = kinds.revision_kind(entry.kind, release.target)
            revisions.touch(cluster, kind, state.revision)
            state = NOTHING
        seen = state if arrived else replace(NOTHING, conditions=state.failures)
        if seen != self.state or not self._since:
            self.state, self._since, self._patience = seen, now, _NUDGE
        waited = now - self._since
        self._require_taken(waited)
        if not seen.is_healthy and waited > self._patience:
            self._patience += self._patience * _LATER
            revisions.nudge(cluster, entry, state if arrived else NOTHING, release.target)

    def _require_taken(self, waited: float) -> None:
        refusal = self.state.refusal
        if refusal and waited > _GRACE and not any(part in refusal for part in _PASSING):
            problem = f"Crossplane does not take it: {refusal}"
            hint = "correct the package, and push again; what it had installed before still works"
            if not self.state.revision:
                hint = f"it asks the registry for what it cannot read in its cache; {hint}"
            raise DevcacheError(problem, where=f"package {self.change.name}", hint=hint)

    @property
    def is_installed(self) -> bool:
        """Whether there is a package object to wait for."""
        return self.change.entry.install or self.state.revision != ""

    def __str__(self) -> str:
        """Return what is waited for."""
        trouble = f" ({self.state.trouble})" if self.state.trouble else ""
        return f"{self.change.name} is not Healthy{trouble}"


def await_health(
    cluster: Cluster,
    release: Release,
    changes: Sequence[Change],
    before: Mapping[str, set[str]],
    watch: Stopwatch,
) -> dict[str, State]:
    """Return when Crossplane has read the packages and they are healthy, with their states.

    Args:
        cluster: The cluster.
        release: The release.
        changes: What was pushed.
        before: The revisions that there were before Crossplane was told, by name of the package:
            what they say is of the content before. None for a package that it knows already.
        watch: Notes how long it takes.

    Raises:
        DevcacheError: Crossplane does not take a package, somebody else has changed it, or the
            patience is at its end.
    """
    contents = {change.name: change.entry.content for change in changes}
    awaited = [_Awaited(change, before.get(change.name, set())) for change in changes]
    looked, is_read = watch.seconds, False
    while True:
        for one in awaited:
            one.look(cluster, release, watch.seconds)
        installed = [one for one in awaited if one.is_installed]
        if before and installed and not is_read and all(one.state.is_read for one in installed):
            is_read = True
            watch.passed("read by Crossplane")
        lacking = [str(one) for one in installed if not one.state.is_healthy]
        if not lacking:
            watch.passed("Healthy")
            return {one.change.name: one.state for one in awaited}
        if watch.seconds - looked >= _REMINDER:
            looked = watch.seconds
            releases.require(cluster, contents)
        watch.wait("; ".join(lacking))
