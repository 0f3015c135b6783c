"""Which versions a range of a `dependsOn` admits, by the rules of the library that Crossplane uses.

That is Masterminds/semver: 1.5.0 up to Crossplane 2.2, 3.4.0 and 3.5.0 in 2.3 and 2.4. No range
library of Python follows either, nor do they agree with each other: the older one knows only commas
between the parts of a range, and looks for a pre-release in each part instead of in all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

Rules = Literal["v1", "v3"]
"""The generation of the library."""

RULES: tuple[Rules, ...] = get_args(Rules)
"""Both."""

_BLANK = r"[\t\n\f\r ]"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_SUFFIX = rf"(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?"
_VERSION = re.compile(rf"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?{_SUFFIX}")

_NUMBER = r"[0-9|xX*]+"
_OPERAND = rf"v?({_NUMBER})(?:\.({_NUMBER}))?(?:\.({_NUMBER}))?{_SUFFIX}"
_OPERATOR = r"(=||!=|>|<|>=|=>|<=|=<|~|~>|\^)"
_PART = re.compile(rf"{_BLANK}*{_OPERATOR}{_BLANK}*{_OPERAND}{_BLANK}*")
_PARTS = re.compile(rf"{_PART.pattern}(?:(?:{_BLANK}+|,{_BLANK}*){_PART.pattern})*")
_FOUND = re.compile(rf"{_OPERATOR}{_BLANK}*{_OPERAND}")
_FROM_TO = re.compile(rf"{_BLANK}*({_OPERAND}){_BLANK}+-{_BLANK}+({_OPERAND}){_BLANK}*")

_LARGEST = {"v1": 2**63 - 1, "v3": 2**64 - 1}
"""The largest number in a version."""

_Identifier = tuple[int, int, str]
"""An identifier of a pre-release: a number ranks below a word."""


class Version(NamedTuple):
    """A version, which compares as semver says; what stands behind a `+` is left out."""

    core: tuple[int, int, int]

    is_release: bool
    """Whether it has no pre-release; it then ranks above all that have one."""

    prerelease: tuple[_Identifier, ...]


def version(text: str, rules: Rules) -> Version | None:
    """Return the version that a tag is, e.g. `v0.1.0-rc.1`, or None; parts that lack are 0."""
    found = _VERSION.fullmatch(text)
    return _version(found.groups(), rules) if found else None


def _version(parts: tuple[str | None, ...], rules: Rules) -> Version | None:
    major, minor, patch = (int(part or 0) for part in parts[:3])
    if max(major, minor, patch) > _LARGEST[rules]:
        return None
    identifiers = parts[3].split(".") if parts[3] else []
    if rules == "v3" and any(one.isdecimal() and one != str(int(one)) for one in identifiers):
        return None
    return Version((major, minor, patch), not identifiers, tuple(map(_identifier, identifiers)))


def _identifier(text: str) -> _Identifier:
    number = int(text) if text.isdecimal() else _LARGEST["v3"] + 1
    return (0, number, text) if number <= _LARGEST["v3"] else (1, 0, text)


@dataclass(frozen=True)
class _Part:
    """One comparison of a range.

    Attributes:
        operator: E.g. `>=`, or "".
        operand: What a version is compared with.
        open: The first number that is left open: absent, or `x`.
    """

    operator: str
    operand: Version
    open: Literal["", "major", "minor", "patch"]

    @property
    def fixed(self) -> int:
        """How many numbers of a version must be the operand's for it to be within."""
        return 1 if self.open == "minor" else 2


@dataclass(frozen=True)
class Range:
    """A range of versions: parts of which all must hold, in groups of which one must."""

    groups: tuple[tuple[_Part, ...], ...]
    rules: Rules

    def admits(self, tested: Version) -> bool:
        """Return whether the range admits a version."""
        return any(self._holds(group, tested) for group in self.groups)

    def _holds(self, group: tuple[_Part, ...], tested: Version) -> bool:
        named = any(not part.operand.is_release for part in group)
        return all(self._admits(part, tested, named=named) for part in group)

    def _admits(self, part: _Part, tested: Version, *, named: bool) -> bool:
        """Return whether one part holds; `named` says whether its group names a pre-release."""
        old = self.rules == "v1"
        if old and part.operator == "!=" and not part.open:
            return tested != part.operand
        if not tested.is_release and not (not part.operand.is_release if old else named):
            return False
        return _older(part, tested) if old else _newer(part, tested)


def parse(text: str, rules: Rules) -> Range | None:
    """Return the range that a `dependsOn` gives, or None for what Crossplane calls improper."""
    joint = "" if rules == "v1" else " "
    written = _FROM_TO.sub(lambda found: f">= {found[1]}, <= {found[6]}{joint}", text)
    groups: list[tuple[_Part, ...]] = []
    for group in written.split("||"):
        found = [_PART.fullmatch(part) for part in group.split(",")]
        if rules == "v3":
            found = list(_FOUND.finditer(group)) if _PARTS.fullmatch(group) else [None]
        parts = [_part(one, rules) if one else None for one in found]
        known = tuple(part for part in parts if part)
        if len(known) < len(parts):
            return None
        groups.append(known)
    return Range(tuple(groups), rules)


def _part(found: re.Match[str], rules: Rules) -> _Part | None:
    operator, *numbers, suffix = found.groups()
    opened = _opened(numbers, rules)
    kept = {"": 3, "major": 0, "minor": 1, "patch": 2}[opened]
    fixed = [*numbers[:kept], None, None, None][:3]
    if not all(number is None or number.isdecimal() for number in fixed):
        return None  # e.g. `1x`
    prerelease = None if opened == "major" and rules == "v1" else suffix
    operand = _version((*fixed, prerelease), rules)
    return _Part(operator, operand, opened) if operand else None


def _opened(numbers: list[str | None], rules: Rules) -> Literal["", "major", "minor", "patch"]:
    major, minor, patch = (number in {"x", "X", "*"} for number in numbers)
    if major:
        return "major"
    if minor or numbers[1] is None:
        return "minor"
    return "patch" if patch or (rules == "v3" and numbers[2] is None) else ""


def _older(part: _Part, tested: Version) -> bool:
    """Return whether a part holds in version 1 of the library."""
    operand, (major, minor, _) = part.operand, tested.core
    below = major <= operand.core[0] and (minor <= operand.core[1] or part.open == "minor")
    match part.operator:
        case ">":
            return tested > operand
        case "<":
            return below if part.open else tested < operand
        case "<=" | "=<":
            return below if part.open else tested <= operand
        case "!=":  # with an open number: the other one is told before
            return tested.core[: part.fixed] != operand.core[: part.fixed]
        case "^":
            return tested >= operand and major == operand.core[0]
        case _:
            return _alike(part, tested)


def _newer(part: _Part, tested: Version) -> bool:
    """Return whether a part holds in version 3 of the library."""
    operand, fixed = part.operand, part.fixed
    ours, theirs = tested.core[:fixed], operand.core[:fixed]
    is_open = part.open in {"minor", "patch"}
    match part.operator:
        case ">":
            return ours > theirs if is_open else tested > operand
        case "<":
            return tested < operand
        case "<=" | "=<":
            return ours <= theirs if part.open else tested <= operand
        case "!=":
            differs = part.open == "patch" and tested.prerelease != operand.prerelease
            return ours != theirs or differs if is_open else tested != operand
        case "^":
            return tested >= operand and _below_next(part, tested)
        case _:
            return _alike(part, tested)


def _alike(part: _Part, tested: Version) -> bool:
    """Return whether a part holds whose operator means the same in both."""
    operand, fixed = part.operand, part.fixed
    if part.operator in {">=", "=>"}:
        return tested >= operand
    if part.operator in {"", "="} and not part.open:
        return tested == operand
    anything = operand.core == (0, 0, 0) and part.open in {"", "major"}  # `~0.0.0` means that, too
    return tested >= operand and (anything or tested.core[:fixed] == operand.core[:fixed])


def _below_next(part: _Part, tested: Version) -> bool:
    """Return whether the first number that is not 0 is the same, as `^` wants it."""
    major, minor, _ = part.operand.core
    if major or part.open == "minor":
        fixed = 1
    elif minor or part.open == "patch":
        fixed = 2
    else:
        fixed = 3
    return tested.core[:fixed] == part.operand.core[:fixed]
