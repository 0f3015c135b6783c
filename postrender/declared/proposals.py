"""Proposes declarations of packages on disk that resolve the dependencies between them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender.crossplane import references
from postrender.declared import tags
from postrender.declared.devcache import DEFAULT_REGISTRY, EMBEDDED
from postrender.errors import DevcacheError, is_utf8, quoted
from postrender.packages import disk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from postrender.manifests.nodes import Plain
    from postrender.packages import Dependency, Package, PackageKind

_NO_TAG = "v0.0.0"
"""The tag where no tag is in all ranges: that of a declaration without `package`."""

PackageAtPath = tuple["Path", "Package"]
"""The path of a package, and the package."""


@dataclass(frozen=True)
class Proposal:
    """A proposed declaration of a package.

    Attributes:
        name: The name of the package object.
        path: The path of the package.
        kind: The kind of the package.
        has_runtime: Whether its file embeds the runtime that runs it.
        package: The `spec.package`, or "" for the default.
        dependents: The name of each package that depends on this one, with its range.
        is_in_range: Whether all these ranges admit the tag of `package`.
        remote_dependencies: The source and range of each dependency that is not local.
    """

    name: str
    path: str
    kind: PackageKind
    has_runtime: bool
    package: str
    dependents: tuple[tuple[str, str], ...]
    is_in_range: bool
    remote_dependencies: tuple[tuple[str, str], ...]

    def entry(self, ignore: Sequence[str]) -> dict[str, Plain]:
        """Return the entry of `packages`, with these patterns of files to leave out."""
        return {
            "path": self.path,
            **({"ignore": list(ignore)} if ignore else {}),
            **({"package": self.package} if self.package else {}),
            **({"runtimeImage": EMBEDDED} if self.has_runtime else {}),
        }


def propose(
    packages: Sequence[PackageAtPath], others: Sequence[Package] = ()
) -> tuple[Proposal, ...]:
    """Return a declaration for each of `packages`.

    If other packages depend on a package by its name, the declaration has the source that most of
    them name, a tag in the ranges of all of these, and the name that Crossplane's resolver would
    choose. The order of the packages makes no difference.

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
    sources = {_source(package, local) for _, package in packages}
    proposals = tuple(_proposal(path, package, local, sources) for path, package in packages)
    by_name: dict[str, Proposal] = {}
    for proposal in proposals:
        first = by_name.setdefault(proposal.name, proposal)
        if first is not proposal:
            problem = f"has the same name as {disk.title(first.path)}: {quoted(proposal.name)}"
            hint = "declare one of them with `crossplane-devcache add --name`"
            raise DevcacheError(problem, where=disk.title(proposal.path), hint=hint)
    return proposals


def _proposal(
    path: Path, package: Package, local: Sequence[Package], sources: Collection[str]
) -> Proposal:
    source = _source(package, local)
    dependents = {
        (dependent.name, dependency.constraint)
        for dependent, dependency in _dependents(package, local)
        if dependency.package == source
    }
    tag = tags.common(range_ for _, range_ in dependents)
    name = references.resolver_name(source) if source else _label(package.name)
    if not source and len(name) == 1:  # too short for the repository of the default
        source = f"{DEFAULT_REGISTRY}/package-{name}"
    return Proposal(
        name=name,
        path=str(path),
        kind=package.kind,
        has_runtime=package.runtime is not None,
        package=f"{source}:{tag or _NO_TAG}" if source else "",
        dependents=tuple(sorted(dependents)),
        is_in_range=tag != "",
        remote_dependencies=tuple(
            (remote.package, remote.constraint)
            for remote in package.dependencies
            if remote.package not in sources
        ),
    )


def _source(package: Package, local: Sequence[Package]) -> str:
    """Return the source by which most of the packages that depend on a package name it, or ""."""
    sources = Counter(dependency.package for _, dependency in _dependents(package, local))
    return min(sources, key=lambda source: (-sources[source], source), default="")


def _dependents(package: Package, local: Sequence[Package]) -> Iterator[tuple[Package, Dependency]]:
    """Yield the other packages that depend on a package by its name, with their dependencies."""
    for dependent in local:
        for dependency in dependent.dependencies if dependent is not package else ():
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
