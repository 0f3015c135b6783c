"""The dependencies of local packages: their resolutions, and warnings on names and versions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from postrender import requirements
from postrender.checks.findings import Finding
from postrender.errors import quoted
from postrender.placement import RENAMING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from postrender.crossplane.target import Target
    from postrender.declared.devcache import PackageDeclaration
    from postrender.packages import Dependency
    from postrender.placement import LocalPackage

State = Literal["local", "refused", "pulled", "unresolved"]


@dataclass(frozen=True)
class Resolution:
    """The resolution of one dependency.

    Attributes:
        package: The name of the local package that has the dependency.
        source: The source of the dependency.
        constraint: The range or digest in `dependsOn`, or "".
        state: `local` if a local package satisfies the dependency, `refused` if a local package has
            the source but not a version in range, `pulled` if Crossplane pulls it, or `unresolved`
            if Crossplane neither finds nor pulls it.
        local: The name of the local package with that source, or "".
        version: That package's tag or digest, or "".
        resolver_name: The name that Crossplane's resolver gives the dependency, or "".
    """

    package: str
    source: str
    constraint: str
    state: State
    local: str
    version: str
    resolver_name: str


def resolve(
    packages: Sequence[LocalPackage], target: Target, others: Sequence[PackageDeclaration] = ()
) -> list[Resolution]:
    """Return the resolution of each dependency of each package.

    Args:
        packages: The packages.
        target: The target of the checks.
        others: The local packages that cannot be read, which may be dependencies.
    """
    declarations = [*(package.declaration for package in packages), *others]
    return [
        _resolution(package, dependency, declarations, target)
        for package in packages
        for dependency in package.dependencies
    ]


def _resolution(
    package: LocalPackage,
    dependency: Dependency,
    declarations: Sequence[PackageDeclaration],
    target: Target,
) -> Resolution:
    local = requirements.supplier(dependency.package, declarations)
    return Resolution(
        package=package.name,
        source=dependency.package,
        constraint=dependency.constraint,
        state=_state(dependency, local, target),
        local=local.name if local else "",
        version=local.reference.identifier if local else "",
        resolver_name=requirements.resolver_name(dependency.package),
    )


def _state(dependency: Dependency, local: PackageDeclaration | None, target: Target) -> State:
    if local is None:
        return "unresolved" if requirements.unpullable(dependency.package, target)[0] else "pulled"
    if not local.resolves_dependencies:
        return "unresolved"
    return "refused" if requirements.mismatch(dependency, local, target)[0] else "local"


def settle(
    resolutions: Sequence[Resolution], packages: Sequence[LocalPackage], *, offline: bool
) -> list[Resolution]:
    """Return the resolutions with `unresolved` for what Crossplane does not pull in the end.

    Args:
        resolutions: The resolutions of the dependencies of the packages; see `resolve`.
        packages: The packages.
        offline: Whether each dependency must be local.
    """
    conflicts = {resolution for resolution, _ in name_conflicts(resolutions, packages)}
    return [
        replace(resolution, state="unresolved")
        if resolution.state == "pulled" and (offline or resolution in conflicts)
        else resolution
        for resolution in resolutions
    ]


def findings(
    packages: Sequence[LocalPackage],
    resolutions: Sequence[Resolution],
    target: Target,
    others: Sequence[PackageDeclaration] = (),
) -> Iterator[Finding]:
    """Yield the warnings about the dependencies of packages.

    Args:
        packages: The packages.
        resolutions: The resolutions of their dependencies; see `resolve`.
        target: The target of the checks.
        others: See `resolve`.
    """
    declarations = [*(package.declaration for package in packages), *others]
    by_name = {declaration.name: declaration for declaration in declarations}
    dependencies = (dependency for package in packages for dependency in package.dependencies)
    for dependency, resolution in zip(dependencies, resolutions, strict=True):
        where = requirements.place(resolution.package, dependency.package)
        local = by_name.get(resolution.local)
        if local and not local.install:
            yield from _of_absent(dependency, local, where, target)
        elif resolution.state == "pulled":
            yield from _of_pulled(dependency, packages, where)
    yield from _misnamed(resolutions, by_name)
    yield from _name_conflicts(resolutions, by_name)


def _of_absent(
    dependency: Dependency, local: PackageDeclaration, where: str, target: Target
) -> Iterator[Finding]:
    """Yield warnings about a local package whose object is not part of the release."""
    problem, hint = requirements.mismatch(dependency, local, target)
    if problem:
        yield Finding("warning", where, problem, hint)
    problem = f"the local package {local.name} has install: false"
    hint = "also apply its object (crossplane-devcache objects), or Crossplane pulls a copy"
    yield Finding("warning", where, problem, hint)


def _of_pulled(
    dependency: Dependency, packages: Sequence[LocalPackage], where: str
) -> Iterator[Finding]:
    """Yield a warning about a dependency that may mean a local package."""
    last = dependency.package.rpartition("/")[2]
    namesake = next((package for package in packages if last in _last_names(package)), None)
    if namesake:
        hint = f"if you mean {namesake.name}, set its `package` to this source"
        yield Finding("warning", where, "is not local: Crossplane pulls it", hint)


def _last_names(package: LocalPackage) -> set[str]:
    return {package.on_disk.name, package.source.rpartition("/")[2]}


def _misnamed(
    resolutions: Sequence[Resolution], by_name: dict[str, PackageDeclaration]
) -> Iterator[Finding]:
    """Yield a warning for each package to which Crossplane's resolver would give another name.

    Then Crossplane may pull a second copy. Two packages of one source stop the resolver for the
    whole cluster: "node already exists" (internal/dag/dag.go, AddNode).
    """
    by_local_name = {
        resolution.local: resolution
        for resolution in resolutions
        if resolution.local and resolution.resolver_name
    }
    for name, resolution in by_local_name.items():
        local = by_name[name]
        if name == resolution.resolver_name or not (local.install and local.resolves_dependencies):
            continue
        problem = (
            f"{resolution.package} depends on it, and Crossplane's resolver names"
            f" {quoted(resolution.source)} {resolution.resolver_name}"
        )
        hint = (
            f"name it {resolution.resolver_name}, or Crossplane may pull a second copy of it;"
            f" {RENAMING}"
        )
        yield Finding("warning", f"package {name}", problem, hint)


def _name_conflicts(
    resolutions: Sequence[Resolution], by_name: dict[str, PackageDeclaration]
) -> Iterator[Finding]:
    """Yield a warning for each dependency that would have the name of another package."""
    for resolution, source in name_conflicts(resolutions, by_name.values()):
        where = requirements.place(resolution.package, resolution.source)
        problem = f"Crossplane's resolver names it {resolution.resolver_name}"
        if resolution.resolver_name in by_name:
            problem += f", but {quoted(source)} already has that name"
            hint = f"rename the local package, or set its `package` to this source; {RENAMING}"
        else:
            problem += f", like {quoted(source)}: it installs only one of them"
            hint = "name the same registry in all packages that depend on it"
        yield Finding("warning", where, problem, hint)


def name_conflicts(
    resolutions: Iterable[Resolution], packages: Iterable[LocalPackage | PackageDeclaration]
) -> Iterator[tuple[Resolution, str]]:
    """Yield each dependency that would have the name of another package, with the other source.

    Crossplane's resolver skips a name that exists, so it never installs the dependency. But the
    other package may be of another kind, or the dependency may be installed under another name. The
    resolver has no order for the dependencies of all packages.
    """
    sources = {package.name: package.source for package in packages if package.install}
    for resolution in resolutions:
        if resolution.state != "pulled":
            continue
        source = sources.get(resolution.resolver_name, resolution.source)
        if source != resolution.source:
            yield resolution, source
        if resolution.resolver_name:
            sources.setdefault(resolution.resolver_name, resolution.source)


def crossplane_findings(package: LocalPackage, target: Target) -> Iterator[Finding]:
    """Yield a warning if a package admits only some patches of a line of Crossplane, e.g. 2.1."""
    admitted = requirements.admitted_version(package, target)
    if admitted is None or admitted == target.version:
        return
    problem = (
        f"its spec.crossplane.version {quoted(package.on_disk.crossplane)} admits only some patches"
        f" of Crossplane {target.version}"
    )
    yield Finding("warning", f"package {package.name}", problem, f"name the patch, e.g. {admitted}")
