"""Versions of Crossplane as numbers."""

from __future__ import annotations

import re
from typing import NamedTuple

from postrender.errors import DevcacheError, quoted

Line = tuple[int, int]
"""A release line of Crossplane, e.g. (1, 20)."""

_NEWEST_PATCH = 10**6

_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4})(?:[-+_.][0-9A-Za-z._+-]*)?)?")


class Version(NamedTuple):
    """A version of Crossplane. It compares with tuples: `version >= (2, 0, 3)`.

    Attributes:
        major: The major version.
        minor: The minor version.
        patch: The patch. A bare line such as `2.0` stands for its newest patch.
    """

    major: int
    minor: int
    patch: int = _NEWEST_PATCH

    @property
    def line(self) -> Line:
        """The release line."""
        return (self.major, self.minor)

    def __str__(self) -> str:
        """Return the version as text, e.g. `2.4.2`, or `2.4` for a bare line."""
        return dotted(self if self.patch < _NEWEST_PATCH else self.line)


def parse(text: str) -> Version | None:
    """Return the version that a text or an image's tag names, e.g. `v2.4.2-rc.1`, or None."""
    match = _VERSION.fullmatch(text)
    return Version(*(int(number) for number in match.groups() if number)) if match else None


def require(text: str, *, where: str) -> Version:
    """Return the version that the user names; see `parse`.

    Args:
        text: The version.
        where: The place of the text, for error messages.

    Raises:
        DevcacheError: The text is not a version.
    """
    version = parse(text)
    if version is None:
        problem = f"is not a version: {quoted(text)}"
        raise DevcacheError(problem, where=where, hint="use e.g. 2.4.2 or 1.20")
    return version


def dotted(numbers: tuple[int, ...]) -> str:
    """Return a line or a version as text, e.g. `1.20`."""
    return ".".join(map(str, numbers))
