"""Versions of Crossplane as numbers."""

from __future__ import annotations

import re
from typing import NamedTuple

from postrender.errors import DevcacheError, quoted

Line = tuple[int, int]
"""A release line of Crossplane, e.g. (1, 20)."""

_NEWEST_PATCH = 10**6

_PATCHES = 100
"""More patches than any line has."""

_PRERELEASE = r"(?:(?:alpha|beta|rc)[0-9]*+|[a-z]++\.[0-9]++)(?:\.[0-9A-Za-z]++)*+(?![0-9A-Za-z])"
"""A pre-release, e.g. `rc.1`, or the version of a vendor, e.g. `up.1`.

Other suffixes of a tag name a copy of the image, such as `arm64`, `debian12` or `mirrored`. They
are not part of the version in Crossplane's binary, which it compares (internal/version).
"""

_VERSION = re.compile(
    r"v?([0-9]{1,4})\.([0-9]{1,4})"
    rf"(?:\.([0-9]{{1,4}})(?:-({_PRERELEASE}))?(?:[-+_.][0-9A-Za-z._+-]*)?)?"
)


class Version(NamedTuple):
    """A version of Crossplane. It compares with tuples: `version >= (2, 0, 3)`.

    Attributes:
        major: The major version.
        minor: The minor version.
        patch: The patch. A bare line such as `2.0` stands for its newest patch.
        prerelease: The pre-release, e.g. `rc.1`, or "".
    """

    major: int
    minor: int
    patch: int = _NEWEST_PATCH
    prerelease: str = ""

    @property
    def line(self) -> Line:
        """The release line."""
        return (self.major, self.minor)

    @property
    def candidates(self) -> tuple[Version, ...]:
        """The versions that it may stand for, newest first: for a bare line, any of its patches."""
        if self.patch < _NEWEST_PATCH:
            return (self,)
        return (self, *(self._replace(patch=patch) for patch in reversed(range(_PATCHES))))

    @property
    def numbers(self) -> str:
        """The version with all its numbers: that of a bare line has a very large patch."""
        suffix = f"-{self.prerelease}" if self.prerelease else ""
        return dotted((*self.line, self.patch)) + suffix

    def __str__(self) -> str:
        """Return the version as text, e.g. `2.4.2`, or `2.4` for a bare line."""
        return self.numbers if self.patch < _NEWEST_PATCH else dotted(self.line)


def parse(text: str) -> Version | None:
    """Return the version that a text or an image's tag names, e.g. `v2.4.2-rc.1`, or None."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    major, minor, patch, prerelease = match.groups(default="")
    return Version(int(major), int(minor), int(patch or _NEWEST_PATCH), prerelease)


def tag(image: str) -> str:
    """Return the tag of an image, or ""."""
    name, _, _ = image.partition("@")
    return name.rpartition("/")[2].partition(":")[2]


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
