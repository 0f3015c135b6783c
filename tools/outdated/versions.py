"""Compares versions of Go modules, Python packages and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    Lookup = Callable[[list[str]], Collection[str]]
    """Queries a registry for single versions, and returns the versions that it serves."""

_PATCHES = 5
"""The number of patch releases to look up after the newest of a line, because of gaps."""

_LINES = 2
_LINE_PATCHES = 3
"""The number of lines to look up after the newest, and of patch releases in each."""


def parse(text: str) -> Version | None:
    """Return a comparable version, or None for a text that is not a version.

    Args:
        text: The version, such as `v1.2.3` or `1.2.3`. A hyphen makes it a pre-release, as in
            semver, so a pseudo-version of Go is older than its release.
    """
    release, hyphen, _ = text.partition("-")
    try:
        return Version(f"{release}.dev0" if hyphen else release)
    except InvalidVersion:
        return None


def newest(versions: Iterable[str], line: str = "") -> str:
    """Return the newest release, or "" if there is none; pre-releases do not count.

    Args:
        versions: The versions; other texts do not count.
        line: The line of the release, such as `2.4`, or "" for any line.
    """
    releases = dict(_releases(versions))
    candidates = [version for version in releases if line in ("", _line_of(version))]
    return releases[max(candidates)] if candidates else ""


def by_line(versions: Iterable[str]) -> dict[str, str]:
    """Return the newest release of each line, such as `2.4`; the newest line comes last."""
    return {_line_of(version): text for version, text in sorted(_releases(versions))}


def is_newer(version: str, than: str) -> bool:
    """Return whether a version is newer than another; a text that is not a version is neither."""
    first_version, second_version = parse(version), parse(than)
    return (
        first_version is not None and second_version is not None and first_version > second_version
    )


def has_gap(versions: Collection[str], version: str) -> bool:
    """Return whether a list of Go versions lacks a release or an older release of its line.

    A registry that fetches versions on demand may list only versions that somebody fetched before.
    """
    release = parse(version)
    if release is None:
        return False
    numbers = range(release.micro + 1)
    return any(f"v{_line_of(release)}.{number}" not in versions for number in numbers)


def probe(versions: Iterable[str], pins: Collection[str], lookup: Lookup) -> set[str]:
    """Return Go versions, and newer versions that their registry serves.

    Args:
        versions: The versions in the list of the registry.
        pins: The versions that this project has, whose lines may have newer patch releases.
        lookup: Queries the registry for patch releases, and for the lines after the newest.
    """
    available, attempts = {*versions, *pins}, set[str]()
    while candidates := sorted(set(_next(available, pins)) - attempts):
        attempts.update(candidates)
        available.update(lookup(candidates))
    return available


def first(major: int) -> list[str]:
    """Return candidates for the first version of a major version, which may not exist."""
    return [f"v{major}.0.{patch}" for patch in range(_LINE_PATCHES)]


def _next(versions: Iterable[str], pins: Iterable[str]) -> Iterator[str]:
    """Yield candidates for the next versions in the lines of the pins and after the newest line."""
    releases = {_line_of(version): version for version, _ in sorted(_releases(versions))}
    if not releases:
        return
    *_, last = releases.values()
    for line in {*by_line(pins), _line_of(last)}:
        patch = releases[line].micro + 1
        yield from (f"v{line}.{number}" for number in range(patch, patch + _PATCHES))
    for minor in range(last.minor + 1, last.minor + 1 + _LINES):
        yield from (f"v{last.major}.{minor}.{patch}" for patch in range(_LINE_PATCHES))


def _line_of(version: Version) -> str:
    return f"{version.major}.{version.minor}"


def _releases(versions: Iterable[str]) -> Iterator[tuple[Version, str]]:
    """Yield the releases among versions, each as a parsed version and as its text."""
    for text in versions:
        version = parse(text)
        if version is not None and not version.is_prerelease:
            yield version, text
