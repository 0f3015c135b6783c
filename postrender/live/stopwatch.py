"""A wait: its duration, its progress messages and its timeout."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from postrender.interface.progress import Tell
    from postrender.live.revisions import State

STATUS_HINT = "run `crossplane-devcache status` to see the state"
AGAIN_HINT = "run the same command again to continue"

_INTERVAL = 0.1
"""Seconds between two requests for the same state."""


class SupersededError(Exception):
    """A package has changed on disk since the push began, so the push is out of date."""


@dataclass(frozen=True)
class Progress:
    """The progress messages and the limits of a push.

    Attributes:
        tell: Shows the current step.
        timeout: Seconds after which the push fails.
        is_superseded: Returns whether the push is out of date.
        report: Shows the states of the packages that the push waits for, by name.
        hint: The next step after a timeout.
    """

    tell: Tell
    timeout: float
    is_superseded: Callable[[], bool] = lambda: False
    report: Callable[[Mapping[str, State]], None] = lambda _: None
    hint: str = STATUS_HINT


@dataclass
class Stopwatch:
    """Measures the steps of a push, and ends it when the timeout expires.

    Attributes:
        progress: The progress messages and the limits of the push.
        start: The start on the monotonic clock, in seconds.
        steps: The completed steps, with the seconds that each took.
    """

    progress: Progress
    start: float = field(default_factory=time.monotonic)
    steps: list[tuple[str, float]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The seconds since the start."""
        return time.monotonic() - self.start

    def end_step(self, step: str) -> None:
        """Record the end of a step."""
        self.steps.append((step, self.seconds - sum(seconds for _, seconds in self.steps)))

    def wait(self, reason: str) -> None:
        """Wait a moment, and show the reason.

        Raises:
            DevcacheError: The timeout has expired.
            SupersededError: The push is out of date.
        """
        self.progress.tell(f"waiting: {reason}")
        if self.progress.is_superseded():
            raise SupersededError
        if self.seconds > self.progress.timeout:
            problem = f"timed out after {self.seconds:.0f} s: {reason}"
            raise DevcacheError(problem, hint=self.progress.hint)
        time.sleep(_INTERVAL)
