"""What a check finds: a refusal, something to put right, or something to know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.errors import DevcacheError

Severity = Literal["error", "warning", "note"]

_ORDER: tuple[Severity, ...] = get_args(Severity)
_PACKAGES = re.compile(r"packages? ([a-z0-9-]+)(?: and ([a-z0-9-]+))?")


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Attributes:
        severity: An error is refused by the filter, or never becomes healthy.
        where: The package, file or field that it is about, e.g. `package platform`, or "".
        problem: What is wrong, in one lower-case sentence without a full stop.
        hint: What to do, or "".
    """

    severity: Severity
    where: str
    problem: str
    hint: str = ""

    @property
    def packages(self) -> tuple[str, ...]:
        """The names of the packages that it is about, none, one or two."""
        found = _PACKAGES.match(self.where)
        return tuple(filter(None, found.groups())) if found else ()


def refused(error: DevcacheError) -> Finding:
    """Return a refusal of the filter as a finding."""
    return Finding("error", error.where, error.problem, error.hint)


def by_severity(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, errors first, those of one severity in the order given."""
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.severity)))
