"""Waiting for the cluster: patient, told to the reader, and over as soon as it is so."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

PATIENCE = 1200.0
"""Seconds after which something is given up: 208 CRDs take half of it on a busy machine."""

INTERVAL = 0.3
"""Seconds between two looks, at first."""

SLOWER = 0.05
"""Later, how long between two looks, as a part of the time so far."""

REMINDER = 20.0
"""Seconds after which the reader is told again what is waited for."""


class InVainError(AssertionError):
    """What was waited for did not come."""


def until(condition: Callable[[], str | None], what: str) -> None:
    """Return as soon as a condition holds.

    Args:
        condition: Returns None when it holds, and what is still missing until then.
        what: What is waited for: "all packages are healthy".

    Raises:
        InVainError: It does not hold after PATIENCE.
    """
    log.info("waiting until %s", what)
    start = time.monotonic()
    reminder = start + REMINDER
    while missing := condition():
        now = time.monotonic()
        if now - start > PATIENCE:
            msg = f"waited {PATIENCE:.0f} s until {what}, in vain: {missing}"
            raise InVainError(msg)
        if now > reminder:
            log.info("  still waiting after %.0f s: %s", now - start, missing)
            reminder += REMINDER
        time.sleep(max(INTERVAL, SLOWER * (now - start)))
    log.info("  after %.1f s", time.monotonic() - start)


def until_said(say: Callable[[], str], what: str, *parts: str) -> None:
    """Return as soon as something is said.

    Args:
        say: Returns all that is said so far.
        what: What is waited for: "the copier refuses the package".
        *parts: One of them must be in it.

    Raises:
        InVainError: It is not said after PATIENCE.
    """

    def missing() -> str | None:
        said = say()
        return None if any(part in said for part in parts) else said or "nothing is said"

    until(missing, what)
