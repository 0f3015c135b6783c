"""The property tests that `make fuzz` runs with many more examples than `make test`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, ParamSpec

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "FUZZ_EXAMPLES"
"""The environment variable with the number of examples of each test."""

_Arguments = ParamSpec("_Arguments")


def fuzzed(
    examples: int, most: int = sys.maxsize
) -> Callable[[Callable[_Arguments, None]], Callable[_Arguments, None]]:
    """Return a decorator for a property test of hostile or unusual input.

    Args:
        examples: The number of examples, unless `make fuzz` sets it.
        most: The limit of the number that `make fuzz` sets.
    """

    def mark(test: Callable[_Arguments, None]) -> Callable[_Arguments, None]:
        count = min(int(os.environ.get(VARIABLE, examples)), most)
        checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
        limits = settings(max_examples=count, deadline=None, suppress_health_check=checks)
        return pytest.mark.fuzz(limits(test))

    return mark
