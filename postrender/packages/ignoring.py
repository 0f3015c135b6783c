"""Words the patterns of `ignore` in hints, as an option or as a field of a declaration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from postrender.errors import enumeration

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENTRIES_LIMIT = 20
"""The most files or patterns that a message lists."""


def listed(entries: Sequence[str]) -> str:
    """Return a list of files for a message."""
    return enumeration(entries, _ENTRIES_LIMIT)


def option(patterns: Sequence[str]) -> str:
    """Return the option of a command for these patterns, quoted for a shell."""
    import shlex  # noqa: PLC0415  # only errors need it

    if not 0 < len(patterns) <= _ENTRIES_LIMIT:
        return "with --ignore"
    text = ",".join(pattern.replace(",", r"\,") for pattern in patterns)
    return f"with --ignore={shlex.quote(text)}"


def field(patterns: Sequence[str]) -> str:
    """Return the field of a declaration for these patterns, as YAML on one line."""
    if not patterns:
        return "with `ignore`"
    if len(patterns) > _ENTRIES_LIMIT:
        return "with the `ignore` that `crossplane-devcache init` proposes"
    text = ", ".join(json.dumps(pattern, ensure_ascii=False) for pattern in patterns)
    return f"with ignore: [{text}]"
