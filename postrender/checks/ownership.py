"""Finds objects that are in several packages, or more than once in a package."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from postrender.checks.findings import Finding
from postrender.crossplane import kinds
from postrender.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from postrender.packages import Member
    from postrender.placement import LocalPackage

_RENAMED = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
"""The kinds whose objects Crossplane renames for each package.

See v2.4.2 internal/controller/pkg/revision/establisher.go, enrichControlledResource.
"""

_PLACES = 3
"""The most files that a message names."""


class _Key(NamedTuple):
    """The identity of an object in a cluster, in any version of its API."""

    group: str
    kind: str
    name: str


def findings(packages: Sequence[LocalPackage]) -> Iterator[Finding]:
    """Yield the findings on the objects of packages that the filter accepts."""
    for package in packages:
        yield from _duplicates(package)
    yield from _shared([package for package in packages if package.install])


def _duplicates(package: LocalPackage) -> Iterator[Finding]:
    """Yield a warning if an object is more than once in a package.

    Crossplane applies all objects of a package at the same time (v2.4.2
    internal/controller/pkg/revision/establisher.go, establish). The second object conflicts with
    the first, until an attempt finds that the first changes nothing.
    """
    files: dict[_Key, list[str]] = {}
    for key, member in _objects(package):
        files.setdefault(key, []).append(member.file)
    duplicates = {key: names for key, names in files.items() if len(names) > 1}
    if duplicates:
        names = next(iter(duplicates.values()))
        places = ", ".join(map(quoted, islice(dict.fromkeys(names), _PLACES)))
        problem = f"it has duplicates of {_title(duplicates)} (in {places})"
        hint = "keep one: Crossplane applies all at the same time, and it may never become healthy"
        yield Finding("warning", f"package {package.name}", problem, hint)


def _shared(packages: Sequence[LocalPackage]) -> Iterator[Finding]:
    """Yield an error for each pair of packages with the same object.

    One package revision controls an object, and the other never becomes healthy: "is already
    controlled by" (establisher.go, update). Chance decides which package is healthy.
    """
    owners: dict[_Key, LocalPackage] = {}
    shared: dict[tuple[str, str], dict[_Key, None]] = {}
    for package in packages:
        for key, _ in _objects(package):
            owner = owners.setdefault(key, package)
            if owner is not package:
                shared.setdefault((owner.name, package.name), {})[key] = None
    for names, keys in shared.items():
        problem = f"both have {_title(keys)}: only one of them becomes healthy"
        hint = "keep the object in one of them, or set install: false for the other"
        yield Finding("error", f"packages {' and '.join(names)}", problem, hint)


def _title(keys: Collection[_Key]) -> str:
    """Return the first object and the number of the others, for messages."""
    first = next(iter(keys))
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return f"{quoted(first.kind)} {quoted(first.name)}{more}"


def _objects(package: LocalPackage) -> Iterator[tuple[_Key, Member]]:
    """Yield the objects of a package, except those whose names in the cluster are unknown."""
    for member in package.on_disk.members:
        if kinds.is_foreign(member.api_version, member.kind):
            continue  # the filter refuses it
        if member.name and member.kind not in _RENAMED:
            group = member.api_version.rpartition("/")[0]
            yield _Key(group, member.kind, member.name), member
