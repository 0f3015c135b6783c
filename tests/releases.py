"""The releases of Crossplane that are tested: those that a folder in tools builds."""

from __future__ import annotations

from pathlib import Path

TOOLS = Path(__file__).parents[1] / "tools"


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers, to compare: `numbers("2.4.0") >= (2, 2)`."""
    return tuple(int(number) for number in version.split("."))


RELEASES = tuple(
    sorted((path.name.partition("-")[2] for path in TOOLS.glob("crossplane-*")), key=numbers)
)
"""One release of each line, and of each layout of the cache."""
