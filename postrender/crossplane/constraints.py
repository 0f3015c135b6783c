"""Parses and tests the version ranges of packages, by the rules of Crossplane's library.

The library is Masterminds/semver: 1.5.0 up to Crossplane 2.2, 3.4.0 in 2.3, and 3.5.0 in 2.4. No
Python library follows its rules. Version 1 accepts only commas between the parts of a range, and
requires a pre-release in each part; for version 3 one part with a pre-release is enough. Version
3.5 limits the length of a range.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, get_args

Rules = Literal["v1", "v3", "v3.5"]
"""The version of the library."""

RULES: tuple[Rules, ...] = get_args(Rules)
"""All versions."""

_LONGEST_RANGE = 512
_LONGEST_VERSION = 256
_MOST_GROUPS = 32
"""The limits of the library in version 3.5: characters of a range and of each version, and groups
of a range (constraints.go, MaxConstraintLen; version.go, MaxVersionLen)."""

# A range is text from a package: each pattern reads it in linear time. So no two parts that follow
# each other match the same character, unless the first part never returns what it took (`*+`).
# `re` compiles a pattern on its first use and keeps it: the filter needs only a few of them.
_BLANK = r"[\t\n\f\r ]"
_BLANKS = rf"{_BLANK}*+"
_IDENTIFIERS = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
_SUFFIX = rf"(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?"
_VERSION = rf"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?{_SUFFIX}"

_NUMBER = r"[0-9|xX*]++"
_OPERAND = rf"v?({_NUMBER})(?:\.({_NUMBER}))?(?:\.({_NUMBER}))?{_SUFFIX}"
_OPERATOR = r"(=||!=|>|<|>=|=>|<=|=<|~|~>|\^)"
_COMPARISON = rf"{_OPERATOR}{_BLANKS}{_OPERAND}"
_PART = rf"{_BLANKS}{_COMPARISON}{_BLANKS}"
_SEPARATOR = rf"(?:{_BLANKS},{_BLANKS}|{_BLANK}++)"
_UNCAPTURED = re.sub(r"\((?!\?)", "(?:", _COMPARISON)
_PARTS = rf"{_BLANKS}{_UNCAPTURED}(?:{_SEPARATOR}{_UNCAPTURED})*+{_BLANKS}"
_NEXT_PART = rf"(?!{_BLANK}){_COMPARISON}"
_FROM_TO = rf"{_BLANKS}({_OPERAND}){_BLANK}++-{_BLANK}++({_OPERAND}){_BLANKS}"
_BEFORE_FROM_TO = rf",|\|(?=v|{_BLANK})"

_LARGEST_SIGNED = 2**63 - 1
_LARGEST = 2**64 - 1
"""The largest number in a version, by version 1 of the library and by version 3."""

_MOST_DIGITS = 20
"""The digits of the largest number; Python refuses to convert thousands of digits."""

_Identifier = tuple[int, int, str]
"""An identifier of a pre-release: a number ranks below a word."""


class Version(NamedTuple):
    """A version without its build metadata; it compares by the rules of semver."""

    core: tuple[int, int, int]

    is_release: bool
    """Whether there is no pre-release; a release ranks above its pre-releases."""

    prerelease: tuple[_Identifier, ...]


def version(text: str, rules: Rules) -> Version | None:
    """Return the version of a tag, e.g. `v0.1.0-rc.1`, or None; missing numbers are 0."""
    match = re.fullmatch(_VERSION, text)
    return _version(match.groups(), rules) if match else None


def _version(parts: tuple[str | None, ...], rules: Rules) -> Version | None:
    major, minor, patch = (_number(part or "") for part in parts[:3])
    if max(major, minor, patch) > (_LARGEST_SIGNED if rules == "v1" else _LARGEST):
        return None
    identifiers = parts[3].split(".") if parts[3] else []
    if rules != "v1" and any(map(_has_leading_zero, identifiers)):
        return None
    return Version((major, minor, patch), not identifiers, tuple(map(_identifier, identifiers)))


def _number(digits: str) -> int:
    """Return the number, or one beyond the largest if there are too many digits."""
    significant = digits.lstrip("0")
    return int(significant or 0) if len(significant) <= _MOST_DIGITS else _LARGEST + 1


def _has_leading_zero(identifier: str) -> bool:
    return identifier.isdecimal() and identifier.startswith("0") and identifier != "0"


def _identifier(text: str) -> _Identifier:
    number = _number(text) if text.isdecimal() else _LARGEST + 1
    return (0, number, text) if number <= _LARGEST else (1, 0, text)


class _Part(NamedTuple):
    """One comparison of a range.

    Attributes:
        operator: E.g. `>=`, or "".
        operand: The version to compare with.
        open: The first open number: a missing one or `x`.
    """

    operator: str
    operand: Version
    open: Literal["", "major", "minor", "patch"]

    @property
    def fixed(self) -> int:
        """The number of leading numbers that a version in range shares with the operand."""
        return 1 if self.open == "minor" else 2


class Range(NamedTuple):
    """A range of versions: at least one group must hold, with all its parts."""

    groups: tuple[tuple[_Part, ...], ...]
    rules: Rules

    def admits(self, candidate: Version) -> bool:
        """Return whether the range admits a version."""
        holds = _holds_v1 if self.rules == "v1" else _holds_v3
        return any(holds(group, candidate) for group in self.groups)


def _holds_v1(group: tuple[_Part, ...], candidate: Version) -> bool:
    """Return whether a group admits a version, by version 1 of the library."""
    return all(_admits_v1(part, candidate) for part in group)


def _admits_v1(part: _Part, candidate: Version) -> bool:
    if part.operator == "!=" and not part.open:
        return candidate != part.operand
    if not candidate.is_release and part.operand.is_release:
        return False
    return _compare_v1(part, candidate)


def _holds_v3(group: tuple[_Part, ...], candidate: Version) -> bool:
    """Return whether a group admits a version, by version 3 of the library."""
    if not candidate.is_release and all(part.operand.is_release for part in group):
        return False
    return all(_compare_v3(part, candidate) for part in group)


def parse(text: str, rules: Rules) -> Range | None:
    """Return the range in a `dependsOn`, or None for a range that Crossplane calls improper."""
    texts = _without_from_to(text, rules).split("||")
    if rules == "v3.5" and (len(text) > _LONGEST_RANGE or len(texts) > _MOST_GROUPS):
        return None
    groups: list[tuple[_Part, ...]] = []
    for group in texts:
        parts = [_part(match, rules) if match else None for match in _matches(group, rules)]
        valid = tuple(part for part in parts if part)
        if len(valid) < len(parts):
            return None
        groups.append(valid)
    return Range(tuple(groups), rules)


def _matches(group: str, rules: Rules) -> list[re.Match[str] | None]:
    """Return the match of each part of a group, with None for an improper one."""
    if rules == "v1":
        return [re.fullmatch(_PART, part) for part in group.split(",")]
    return [*re.finditer(_NEXT_PART, group)] if re.fullmatch(_PARTS, group) else [None]


def _without_from_to(text: str, rules: Rules) -> str:
    """Return a range with `>= 1, <= 2` in place of each `1 - 2`.

    The library looks for them in the whole text. But only those at the beginning of a part matter:
    the range is improper if there is one in another place.
    """
    if "-" not in text:
        return text
    from_to, before_from_to = re.compile(_FROM_TO), re.compile(_BEFORE_FROM_TO)
    end = "" if rules == "v1" else " "
    pieces: list[str] = []
    position = 0
    while True:
        if match := from_to.match(text, position):
            pieces.append(f">= {match[1]}, <= {match[6]}{end}")
            position = match.end()
        elif before := before_from_to.search(text, position):
            pieces.append(text[position : before.end()])
            position = before.end()
        else:
            return "".join([*pieces, text[position:]])


def _part(match: re.Match[str], rules: Rules) -> _Part | None:
    operator, *numbers, suffix = match.groups()
    first_open = _first_open(numbers, rules)
    count = {"": 3, "major": 0, "minor": 1, "patch": 2}[first_open]
    fixed = [*numbers[:count], None, None, None][:3]
    if not all(number is None or number.isdecimal() for number in fixed):
        return None  # e.g. `1x`
    prerelease = None if first_open == "major" and rules == "v1" else suffix
    operand = _version((*fixed, prerelease), rules)
    length = len(match[0].removeprefix(operator).strip())
    if first_open:  # the library reads the version again, with zeros and without build metadata
        length = len(".".join([*numbers[:count], "0", "0", "0"][:3])) + len(
            f"-{suffix}" if suffix else ""
        )
    if operand is None or (rules == "v3.5" and length > _LONGEST_VERSION):
        return None
    return _Part(operator, operand, first_open)


def _first_open(numbers: list[str | None], rules: Rules) -> Literal["", "major", "minor", "patch"]:
    major, minor, patch = (number in {"x", "X", "*"} for number in numbers)
    if major:
        return "major"
    if minor or numbers[1] is None:
        return "minor"
    return "patch" if patch or (rules != "v1" and numbers[2] is None) else ""


def _compare_v1(part: _Part, candidate: Version) -> bool:
    """Return whether a part holds in version 1 of the library, except `!=` without open numbers."""
    operand, (major, minor, _) = part.operand, candidate.core
    below = major <= operand.core[0] and (minor <= operand.core[1] or part.open == "minor")
    match part.operator:
        case ">":
            return candidate > operand
        case "<":
            return below if part.open else candidate < operand
        case "<=" | "=<":
            return below if part.open else candidate <= operand
        case "!=":
            return candidate.core[: part.fixed] != operand.core[: part.fixed]
        case "^":
            return candidate >= operand and major == operand.core[0]
        case _:
            return _compare_alike(part, candidate)


def _compare_v3(part: _Part, candidate: Version) -> bool:
    """Return whether a part holds in version 3 of the library."""
    operand, fixed = part.operand, part.fixed
    core, limit = candidate.core[:fixed], operand.core[:fixed]
    is_open = part.open in {"minor", "patch"}
    match part.operator:
        case ">":
            return core > limit if is_open else candidate > operand
        case "<":
            return candidate < operand
        case "<=" | "=<":
            return core <= limit if part.open else candidate <= operand
        case "!=":
            differs = part.open == "patch" and candidate.prerelease != operand.prerelease
            return core != limit or differs if is_open else candidate != operand
        case "^":
            return candidate >= operand and _is_compatible(part, candidate)
        case _:
            return _compare_alike(part, candidate)


def _compare_alike(part: _Part, candidate: Version) -> bool:
    """Return whether a part holds, for operators with the same meaning in both versions."""
    operand, fixed = part.operand, part.fixed
    if part.operator in {">=", "=>"}:
        return candidate >= operand
    if part.operator in {"", "="} and not part.open:
        return candidate == operand
    # `*`, but also `~0.0.0`, admits every release.
    is_any = operand.core == (0, 0, 0) and part.open in {"", "major"}
    return candidate >= operand and (is_any or candidate.core[:fixed] == operand.core[:fixed])


def _is_compatible(part: _Part, candidate: Version) -> bool:
    """Return whether the numbers up to the first that is not 0 are equal, as `^` requires."""
    major, minor, _ = part.operand.core
    if major or part.open == "minor":
        fixed = 1
    elif minor or part.open == "patch":
        fixed = 2
    else:
        fixed = 3
    return candidate.core[:fixed] == part.operand.core[:fixed]
