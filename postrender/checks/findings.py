"""The findings of a check: errors, warnings and notes."""

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
    """A finding of a check.

    Attributes:
        severity: The severity. With an error, the filter refuses the declaration, or a package
            never becomes healthy.
        where: The package, file or field with the problem, e.g. `package platform`, or "".
        problem: The problem, as a lower-case sentence without a full stop.
        hint: The next step for the user, or "".
    """

    severity: Severity
    where: str
    problem: str
    hint: str = ""

    @property
    def packages(self) -> tuple[str, ...]:
        """The names of the packages with the problem: none, one or two."""
        match = _PACKAGES.match(self.where)
        return tuple(filter(None, match.groups())) if match else ()


def from_refusal(error: DevcacheError) -> Finding:
    """Return a refusal of the filter as a finding."""
    return Finding("error", error.where, error.problem, error.hint)


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings sorted by severity, errors first; the sort is stable."""
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))
