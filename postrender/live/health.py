"""The wait until Crossplane has read the pushed packages and they are healthy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError
from postrender.live import kinds, releases, revisions
from postrender.live.revisions import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from postrender.crossplane.target import Target
    from postrender.live.cluster import Cluster
    from postrender.live.plan import Change
    from postrender.live.releases import Release
    from postrender.live.revisions import State
    from postrender.live.stopwatch import Stopwatch

_CHECK_INTERVAL = 2.0
"""Seconds between two calls of `recheck`."""

_GRACE = 5.0
"""The grace of a push in seconds; see `await_health`."""

_TEMPORARY = ("dependenc", "already controlled by", "waiting for package runtime controller")
"""Parts of refusals that resolve themselves: once the dependencies are installed, once the previous
revision has released the objects that it had installed, and (from 2.0 on) once another controller
has created the TLS secret of a Provider or Function."""

_AGAIN = "and run the same command again; the previous"

_NUDGE_DELAY, _NUDGE_GROWTH = 0.7, 1.5
"""Seconds without news until the first nudge, and the growth of the delay after each nudge. After a
failure Crossplane backs off exponentially, even if the cause has gone."""


@dataclass
class _PackageWait:
    """The wait for one package.

    Attributes:
        change: The change of the package.
        revisions_before: The names of the revisions that existed before the notice to Crossplane.
        state: The state that Crossplane reports, if it concerns the pushed content.
    """

    change: Change
    revisions_before: set[str]
    state: State = ABSENT
    _since: float = 0
    _nudge_delay: float = _NUDGE_DELAY
    _is_touched: bool = False

    def update(self, cluster: Cluster, target: Target, grace: float, now: float) -> None:
        """Read the state of the package, and nudge Crossplane if it makes no progress.

        Raises:
            DevcacheError: Crossplane refuses the package.
        """
        entry = self.change.entry
        state = revisions.state(cluster, entry, target)
        # Until Crossplane has resolved the tag again, it reports on the previous content.
        has_resolved = state.revision != ""
        if target.uses_image_configs:
            has_resolved = state.resolved_package.endswith(entry.digest)
        if has_resolved and state.revision in self.revisions_before and not self._is_touched:
            self._is_touched = True
            kind = kinds.revision_kind(entry.kind, target)
            revisions.touch(cluster, kind, state.revision)
            state = ABSENT
        news = replace(ABSENT, conditions=state.failures)
        if has_resolved:
            news = revisions.explained(cluster, state, entry, target)
        if news != self.state or not self._since:
            self.state, self._since, self._nudge_delay = news, now, _NUDGE_DELAY
        waiting_time = now - self._since
        self._require_no_refusal(waiting_time, grace)
        if not news.is_healthy and waiting_time > self._nudge_delay:
            self._nudge_delay += self._nudge_delay * _NUDGE_GROWTH
            revisions.nudge(cluster, entry, state if has_resolved else ABSENT, target)

    def _require_no_refusal(self, waiting_time: float, grace: float) -> None:
        refusal = self.state.refusal
        if not refusal or waiting_time <= grace or any(part in refusal for part in _TEMPORARY):
            return
        problem = f"Crossplane does not accept it: {refusal}"
        hint = f"correct the package, {_AGAIN} content, if any, is still installed"
        if self.state.definitions.rejection:
            problem = f"the cluster does not accept an API of it: {refusal}"
            hint = f"correct the definition, {_AGAIN} CRD, if any, is still installed"
        if not self.state.revision:
            hint = f"Crossplane asks the registry for a package that its cache lacks; {hint}"
        raise DevcacheError(problem, where=f"package {self.change.name}", hint=hint)

    @property
    def has_object(self) -> bool:
        """Whether there is a package object to wait for."""
        return self.change.entry.install or self.state.revision != ""

    def __str__(self) -> str:
        """Return the reason for the wait."""
        trouble = f" ({self.state.trouble})" if self.state.trouble else ""
        return f"{self.change.name} is not Healthy{trouble}"


def await_push(
    cluster: Cluster,
    release: Release,
    changes: Sequence[Change],
    revisions_before: Mapping[str, set[str]],
    stopwatch: Stopwatch,
) -> dict[str, State]:
    """Wait until pushed packages are healthy; see `await_health`.

    Raises:
        OvertakenError: Somebody else has changed the packages.
    """
    contents = {change.name: change.entry.content for change in changes}

    def recheck() -> None:
        releases.require_contents(cluster, contents)

    return await_health(
        cluster, release.target, changes, revisions_before, stopwatch, recheck, _GRACE
    )


def await_health(  # noqa: PLR0913, PLR0917  # the parts of a release, and the rules of the wait
    cluster: Cluster,
    target: Target,
    changes: Sequence[Change],
    revisions_before: Mapping[str, set[str]],
    stopwatch: Stopwatch,
    recheck: Callable[[], None],
    grace: float,
) -> dict[str, State]:
    """Wait until Crossplane has read the packages and they are healthy; return their states.

    Args:
        cluster: The cluster.
        target: The target of its Crossplane line.
        changes: The changes of the packages.
        revisions_before: The names of the revisions that existed before the notice to Crossplane,
            by package name. They report on the previous content. A package that needs no notice
            in this push has no item.
        stopwatch: Measures the steps, shows the states, and ends the wait.
        recheck: Called every few seconds; it can end the wait by an error.
        grace: Seconds for which Crossplane must repeat a refusal before the wait fails.

    Returns:
        The states by package name.

    Raises:
        DevcacheError: Crossplane refuses a package, or the timeout has expired.
    """
    waits = [_PackageWait(change, revisions_before.get(change.name, set())) for change in changes]
    last_check, is_read = stopwatch.seconds, not revisions_before
    while True:
        for wait in waits:
            wait.update(cluster, target, grace, stopwatch.seconds)
        stopwatch.progress.report({wait.change.name: wait.state for wait in waits})
        installed = [wait for wait in waits if wait.has_object]
        if installed and not is_read and all(wait.state.is_read for wait in installed):
            is_read = True
            stopwatch.end_step("read by Crossplane")
        reasons = [str(wait) for wait in installed if not wait.state.is_healthy]
        if not reasons:
            stopwatch.end_step("Healthy")
            return {wait.change.name: wait.state for wait in waits}
        if stopwatch.seconds - last_check >= _CHECK_INTERVAL:
            last_check = stopwatch.seconds
            recheck()
        stopwatch.wait("; ".join(reasons))
