"""Waiting until something is so."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.cluster.trouble import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 180.0
"""Seconds after which waiting is given up: many times what anything here takes."""

INTERVAL = 0.1
"""Seconds between two looks."""


def until(
    condition: Callable[[], bool], what: str, *, broken: Callable[[], str | None] = lambda: None
) -> None:
    """Return as soon as a condition holds.

    Args:
        condition: Looked at again and again.
        what: What is waited for, for the error: "the API server is ready".
        broken: Returns why the condition can never hold, or None.

    Raises:
        ClusterError: It is broken, or does not hold after PATIENCE.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if reason := broken():
            msg = f"waited until {what}, but {reason}"
            raise ClusterError(msg)
        if time.monotonic() > deadline:
            msg = f"waited {PATIENCE:.0f} s until {what}, in vain"
            raise ClusterError(msg)
        time.sleep(INTERVAL)
