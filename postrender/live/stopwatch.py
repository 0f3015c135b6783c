"""Waiting: how long it takes, who is told of it, and when it is given up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError

if TYPE_CHECKING:
    from collections.abc import Callable

    from postrender.interface.progress import Tell

_INTERVAL = 0.1
"""Seconds between two looks at what is waited for."""


class SupersededError(Exception):
    """A package has changed on disk since: what is pushed is not wanted any more."""


@dataclass(frozen=True)
class Progress:
    """Who is told of a push, and when it is given up.

    Attributes:
        tell: Is told what is being done.
        patience: Seconds until it is given up.
        superseded: Whether it is not wanted any more.
    """

    tell: Tell
    patience: float
    superseded: Callable[[], bool] = lambda: False


@dataclass
class Stopwatch:
    """A stopwatch that is also the hourglass.

    Attributes:
        progress: Who is told, and when it is given up.
        start: When it was started, on the monotonic clock.
        steps: The steps so far, with the seconds that each took.
    """

    progress: Progress
    start: float = field(default_factory=time.monotonic)
    steps: list[tuple[str, float]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The time since the start."""
        return time.monotonic() - self.start

    def passed(self, step: str) -> None:
        """Note the end of a step."""
        self.steps.append((step, self.seconds - sum(took for _, took in self.steps)))

    def wait(self, lacking: str) -> None:
        """Wait a moment for something, and tell so.

        Raises:
            DevcacheError: The patience is at its end.
            SupersededError: It is not wanted any more.
        """
        self.progress.tell(f"waiting: {lacking}")
        if self.progress.superseded():
            raise SupersededError
        if self.seconds > self.progress.patience:
            problem = f"given up after {self.seconds:.0f} s: {lacking}"
            raise DevcacheError(problem, hint="`crossplane-devcache status` tells how it goes on")
        time.sleep(_INTERVAL)
