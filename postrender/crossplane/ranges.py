"""Checks quickly whether a text is a range of versions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.crossplane.constraints import Rules

_USUAL = re.compile(
    r"(?:[<>]=?|[=~^])?v?[0-9]{1,9}(?:\.[0-9]{1,9}){0,2}"
    r"(?:-(?:0|[1-9A-Za-z][0-9A-Za-z]{0,8})(?:\.(?:0|[1-9][0-9]{0,8}))?)?"
)
"""Common ranges, which all rules accept. The module `constraints` takes milliseconds to load."""


def is_range(text: str, rules: Iterable[Rules] = ()) -> bool:
    """Return whether a text is a range by one of these rules, by default by any rules."""
    if _USUAL.fullmatch(text):
        return True
    from postrender.crossplane import constraints  # noqa: PLC0415  # slow

    return any(constraints.parse(text, rule) for rule in rules or constraints.RULES)
