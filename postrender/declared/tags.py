"""Finds a tag in the ranges of all packages that depend on a package."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING

from postrender.crossplane import constraints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from postrender.crossplane.constraints import Version

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"[0-9]+(?:\.[0-9]+){{0,2}}(?:-{_IDENTIFIERS})?")
"""A version in the text of a range."""

_MOST_CANDIDATES = 100
"""The most versions to try: ranges are text from packages, and may name any number of versions."""


def common(ranges: Iterable[str]) -> str:
    """Return a tag that all ranges admit, or "" if none is found.

    Each range must admit the tag by all rules that can read it. The order of the ranges makes no
    difference.
    """
    texts = sorted(set(ranges))
    admits = [_test(text) for text in texts]
    for tag in islice(_candidates(texts), _MOST_CANDIDATES):
        if all(test(tag) for test in admits):
            return tag
    return ""


def _test(text: str) -> Callable[[str], bool]:
    """Return a test whether a range admits a tag; a text that is no range admits none."""
    readings = [(constraints.parse(text, rules), rules) for rules in constraints.RULES]
    ranges = [(range_, rules) for range_, rules in readings if range_]

    def admits(tag: str) -> bool:
        versions = [(range_, constraints.version(tag, rules)) for range_, rules in ranges]
        valid = [(range_, version) for range_, version in versions if version]
        return bool(valid) and all(range_.admits(version) for range_, version in valid)

    return admits


def _candidates(texts: Iterable[str]) -> Iterator[str]:
    """Yield the versions in the texts of ranges, from the lowest, then the versions behind them."""
    matches = islice(chain.from_iterable(map(_VERSION.finditer, texts)), _MOST_CANDIDATES)
    readings = (constraints.version(match[0], "v1") for match in matches)
    versions = sorted({version for version in readings if version})
    tags = chain(
        map(_tag, versions),
        (_format(*version.core) for version in versions),
        *zip(*map(_next, versions), strict=True),
        ("v1.0.0", "v0.0.0"),
    )
    yield from dict.fromkeys(tags)


def _tag(version: Version) -> str:
    prerelease = ".".join(text for _, _, text in version.prerelease)
    return _format(*version.core) + (f"-{prerelease}" if prerelease else "")


def _next(version: Version) -> tuple[str, ...]:
    """Return the next patch, the next minor and the next major version."""
    major, minor, patch = version.core
    return (
        _format(major, minor, patch + 1),
        _format(major, minor + 1, 0),
        _format(major + 1, 0, 0),
    )


def _format(major: int, minor: int, patch: int) -> str:
    return f"v{major}.{minor}.{patch}"
