"""Waits for conditions of the cluster, and logs the progress."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

PATIENCE = 1200.0
"""The timeout in seconds: 208 CRDs take half of it on a busy machine."""

INTERVAL = 0.3
"""Seconds between two checks at first."""

SLOWER = 0.05
"""The time between two later checks, as a fraction of the elapsed time."""

REMINDER = 20.0
"""Seconds between two log messages about the same condition."""


class WaitTimeoutError(AssertionError):
    """A condition did not hold in time."""


def until(condition: Callable[[], str | None], goal: str) -> None:
    """Return as soon as a condition holds.

    Args:
        condition: Returns None or "" when it holds, and otherwise the obstacle.
        goal: The condition in words: "all packages are healthy".

    Raises:
        WaitTimeoutError: The condition does not hold after PATIENCE.
    """
    log.info("waiting until %s", goal)
    start = time.monotonic()
    reminder = start + REMINDER
    while missing := condition():
        now = time.monotonic()
        if now - start > PATIENCE:
            msg = f"waited {PATIENCE:.0f} s until {goal}, in vain: {missing}"
            raise WaitTimeoutError(msg)
        if now > reminder:
            log.info("  still waiting after %.0f s: %s", now - start, missing)
            reminder += REMINDER
        time.sleep(max(INTERVAL, SLOWER * (now - start)))
    log.info("  after %.1f s", time.monotonic() - start)


def until_text(text: Callable[[], str], goal: str, *parts: str) -> None:
    """Return as soon as a text contains one of several parts.

    Args:
        text: Returns the current text, such as a log.
        goal: The condition in words: "the copier refuses the package".
        *parts: The parts; the text must contain one of them.

    Raises:
        WaitTimeoutError: The text contains no part after PATIENCE.
    """

    def missing() -> str | None:
        output = text()
        return None if any(part in output for part in parts) else output or "the text is empty"

    until(missing, goal)
