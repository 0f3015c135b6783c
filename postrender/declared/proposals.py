"""How packages on disk are best declared, so that those that need each other find each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender.crossplane import constraints, references
from postrender.errors import DevcacheError, quoted
from postrender.packages import disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from postrender.crossplane.constraints import Version
    from postrender.packages import Dependency, Package, PackageKind

_NAMED = re.compile(r"\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?")
"""A version that a range names."""

Found = tuple["Path", "Package"]
"""A package and where it is."""


@dataclass(frozen=True)
class Proposal:
    """How to declare a package.

    Attributes:
        name: The name of the package object.
        path: Where the package is.
        kind: Its kind.
        package: Its `spec.package`, or "" for the default.
        wanted_by: The package that depends on it, or "".
        constraint: The range that this one gives, or "".
        pulled: What it depends on that is not local: source and range.
    """

    name: str
    path: str
    kind: PackageKind
    package: str
    wanted_by: str
    constraint: str
    pulled: tuple[tuple[str, str], ...]


def propose(found: Sequence[Found], others: Sequence[Package] = ()) -> tuple[Proposal, ...]:
    """Return how to declare packages.

    A package that another one depends on, by its name, gets the source and a tag in the range of
    that dependency, and the name that Crossplane's resolver would give it.

    Args:
        found: The packages.
        others: Packages that are declared already, and may depend on these.

    Raises:
        DevcacheError: Two would have the same name.
    """
    everybody = [*others, *(package for _, package in found)]
    proposals = tuple(_proposal(one, everybody) for one in found)
    by_name: dict[str, Proposal] = {}
    for one in proposals:
        other = by_name.setdefault(one.name, one)
        if other is not one:
            problem = f"{disk.shown(other.path)} has the name {quoted(one.name)}, too"
            hint = "declare one of them by `crossplane-devcache add --name`"
            raise DevcacheError(problem, where=disk.shown(one.path), hint=hint)
    return proposals


def _proposal(found: Found, everybody: Sequence[Package]) -> Proposal:
    path, package = found
    dependant, wanted = next(_wanting(package, everybody), (None, None))
    named = {_last(dependency.package) for one in [package] for dependency in one.dependencies}
    local = named & {one.name for one in everybody}
    return Proposal(
        name=references.resolver_name(wanted.package) if wanted else _label(package.name),
        path=str(path),
        kind=package.kind,
        package=f"{wanted.package}:{_tag(wanted.constraint)}" if wanted else "",
        wanted_by=dependant.name if dependant else "",
        constraint=wanted.constraint if wanted else "",
        pulled=tuple(
            (one.package, one.constraint)
            for one in package.dependencies
            if _last(one.package) not in local
        ),
    )


def _wanting(
    package: Package, everybody: Sequence[Package]
) -> Iterator[tuple[Package, Dependency]]:
    """Yield the packages that depend on this one by its name, each with its dependency."""
    for other in everybody:
        for dependency in other.dependencies:
            if _last(dependency.package) == package.name and _is_reference(dependency.package):
                yield other, dependency


def _is_reference(source: str) -> bool:
    try:
        return bool(references.resolver_name(source))
    except DevcacheError:
        return False


def _last(source: str) -> str:
    return source.rpartition("/")[2]


def _label(name: str) -> str:
    """Return a meta object's name, which may hold dots, as one for a key of `packages`."""
    return references.dns_label(name) or "package"


def _tag(constraint: str) -> str:
    """Return a tag that a range admits, by whichever rules it is read; else `v0.0.0`."""
    return next(filter(lambda tag: _admits(constraint, tag), _candidates(constraint)), "v0.0.0")


def _candidates(constraint: str) -> Iterator[str]:
    """Yield the versions that a range names, then the ones after them."""
    named = [constraints.version(text, "v1") for text in _NAMED.findall(constraint)]
    for text, version in zip(_NAMED.findall(constraint), named, strict=True):
        if version and version.is_release:
            yield _shown(version.core)
        elif version:
            yield f"{_shown(version.core)}-{text.partition('-')[2]}"
            yield _shown(version.core)
    yield from (_next(version) for version in named if version)
    yield "v1.0.0"


def _next(version: Version) -> str:
    major, minor, patch = version.core
    return _shown((major, minor, patch + 1))


def _shown(core: tuple[int, int, int]) -> str:
    return "v" + ".".join(map(str, core))


def _admits(constraint: str, tag: str) -> bool:
    readings = [
        (constraints.parse(constraint, rules), constraints.version(tag, rules))
        for rules in constraints.RULES
    ]
    known = [(range_, version) for range_, version in readings if range_ and version]
    return bool(known) and all(range_.admits(version) for range_, version in known)
