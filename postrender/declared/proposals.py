"""Proposes declarations of packages on disk that resolve the dependencies between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from postrender.crossplane import constraints, references
from postrender.errors import DevcacheError, is_utf8, quoted
from postrender.packages import disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from postrender.crossplane.constraints import Version
    from postrender.packages import Dependency, Package, PackageKind

_VERSION = re.compile(r"\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?")
"""A version in the text of a range."""

_MOST_CANDIDATES = 100
"""The versions to try for a range: it is text from a package, and may have any number of them."""

PackageAtPath = tuple["Path", "Package"]
"""The path of a package, and the package."""


@dataclass(frozen=True)
class Proposal:
    """A proposed declaration of a package.

    Attributes:
        name: The name of the package object.
        path: The path of the package.
        kind: The kind of the package.
        package: The `spec.package`, or "" for the default.
        dependent: The name of the package that depends on this one, or "".
        constraint: The range in that dependency, or "".
        remote_dependencies: The source and range of each dependency that is not local.
    """

    name: str
    path: str
    kind: PackageKind
    package: str
    dependent: str
    constraint: str
    remote_dependencies: tuple[tuple[str, str], ...]


def propose(
    packages: Sequence[PackageAtPath], others: Sequence[Package] = ()
) -> tuple[Proposal, ...]:
    """Return a declaration for each of `packages`.

    If another package depends on a package by its name, the declaration has the source of that
    dependency, a tag in its range, and the name that Crossplane's resolver would choose.

    Args:
        packages: The packages to declare.
        others: Declared packages, which may depend on `packages`.

    Raises:
        DevcacheError: Two packages would have the same name, or a path is not UTF-8.
    """
    for path, _ in packages:
        if not is_utf8(str(path)):
            problem = "is not UTF-8, so no YAML file can declare it"
            raise DevcacheError(problem, where=disk.title(path))
    local = [*others, *(package for _, package in packages)]
    proposals = tuple(_proposal(path, package, local) for path, package in packages)
    by_name: dict[str, Proposal] = {}
    for proposal in proposals:
        first = by_name.setdefault(proposal.name, proposal)
        if first is not proposal:
            problem = f"has the same name as {disk.title(first.path)}: {quoted(proposal.name)}"
            hint = "declare one of them with `crossplane-devcache add --name`"
            raise DevcacheError(problem, where=disk.title(proposal.path), hint=hint)
    return proposals


def _proposal(path: Path, package: Package, local: Sequence[Package]) -> Proposal:
    dependent, dependency = next(_dependents(package, local), (None, None))
    names = {candidate.name for candidate in local}
    return Proposal(
        name=references.resolver_name(dependency.package) if dependency else _label(package.name),
        path=str(path),
        kind=package.kind,
        package=f"{dependency.package}:{_tag(dependency.constraint)}" if dependency else "",
        dependent=dependent.name if dependent else "",
        constraint=dependency.constraint if dependency else "",
        remote_dependencies=tuple(
            (remote.package, remote.constraint)
            for remote in package.dependencies
            if _last(remote.package) not in names
        ),
    )


def _dependents(package: Package, local: Sequence[Package]) -> Iterator[tuple[Package, Dependency]]:
    """Yield the local packages that depend on a package by its name, with their dependencies."""
    for dependent in local:
        for dependency in dependent.dependencies:
            if _last(dependency.package) == package.name and _is_reference(dependency.package):
                yield dependent, dependency


def _is_reference(source: str) -> bool:
    try:
        return bool(references.resolver_name(source))
    except DevcacheError:
        return False


def _last(source: str) -> str:
    return source.rpartition("/")[2]


def _label(name: str) -> str:
    """Return a meta object's name, which may have dots, as a valid key of `packages`."""
    return references.dns_label(name) or "package"


def _tag(constraint: str) -> str:
    """Return a tag that a range admits by all rules that can read it, or `v0.0.0`."""
    candidates = islice(_candidates(constraint), _MOST_CANDIDATES)
    return next(filter(lambda tag: _admits(constraint, tag), candidates), "v0.0.0")


def _candidates(constraint: str) -> Iterator[str]:
    """Yield the versions in the text of a range, then their next patch versions."""
    texts = _VERSION.findall(constraint)
    versions = [constraints.version(text, "v1") for text in texts]
    for text, version in zip(texts, versions, strict=True):
        if version and version.is_release:
            yield _format(version.core)
        elif version:
            yield f"{_format(version.core)}-{text.partition('-')[2]}"
            yield _format(version.core)
    yield from (_next(version) for version in versions if version)
    yield "v1.0.0"


def _next(version: Version) -> str:
    major, minor, patch = version.core
    return _format((major, minor, patch + 1))


def _format(core: tuple[int, int, int]) -> str:
    return "v" + ".".join(map(str, core))


def _admits(constraint: str, tag: str) -> bool:
    readings = [
        (constraints.parse(constraint, rules), constraints.version(tag, rules))
        for rules in constraints.RULES
    ]
    valid = [(range_, version) for range_, version in readings if range_ and version]
    return bool(valid) and all(range_.admits(version) for range_, version in valid)
