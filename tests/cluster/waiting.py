"""Waits until a condition holds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.cluster.trouble import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 180.0
"""The timeout in seconds, many times longer than any step takes."""

INTERVAL = 0.1
"""Seconds between two checks."""


def until(
    condition: Callable[[], bool], goal: str, *, failure: Callable[[], str | None] = lambda: None
) -> None:
    """Return as soon as a condition holds.

    Args:
        condition: Returns whether the condition holds; called repeatedly.
        goal: The condition in words, for the error message: "the API server is ready".
        failure: Returns the reason why the condition can never hold, or None.

    Raises:
        ClusterError: The condition can never hold, or does not hold after PATIENCE.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if reason := failure():
            msg = f"waited until {goal}, but {reason}"
            raise ClusterError(msg)
        if time.monotonic() > deadline:
            msg = f"waited {PATIENCE:.0f} s until {goal}, in vain"
            raise ClusterError(msg)
        time.sleep(INTERVAL)
