"""The dependencies of local packages: their resolutions, and findings on ranges and names."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Literal

from postrender.checks.findings import Finding
from postrender.crossplane import constraints, references
from postrender.declared.devcache import DEFAULT_REGISTRY
from postrender.errors import DevcacheError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from postrender.crossplane.target import Target
    from postrender.packages import Dependency
    from postrender.placement import LocalPackage

_DIGEST_LENGTH = len("sha256:") + 64

_PRERELEASE_HINT = "; a range admits a pre-release only if it contains one, e.g. >=v0.1.0-0"


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


def resolve(packages: Sequence[LocalPackage], target: Target) -> list[Resolution]:
    """Return the resolution of each dependency of each package."""
    return [
        _resolution(package, dependency, packages, target)
        for package in packages
        for dependency in package.dependencies
    ]


def _resolution(
    package: LocalPackage,
    dependency: Dependency,
    packages: Sequence[LocalPackage],
    target: Target,
) -> Resolution:
    candidates = [other for other in packages if other.source == dependency.package]
    local = min(
        candidates,
        key=lambda other: (not other.resolves_dependencies, not other.install),
        default=None,
    )
    return Resolution(
        package=package.name,
        source=dependency.package,
        constraint=dependency.constraint,
        state=_state(dependency, local, target),
        local=local.name if local else "",
        version=local.reference.identifier if local else "",
        resolver_name=_resolver_name(dependency.package),
    )


def _state(dependency: Dependency, local: LocalPackage | None, target: Target) -> State:
    if local is None:
        return "unresolved" if _unpullable(dependency.package, target)[0] else "pulled"
    if not local.resolves_dependencies:
        return "unresolved"
    return "refused" if _mismatch(dependency, local, target)[0] else "local"


def _resolver_name(source: str) -> str:
    try:
        return references.resolver_name(source)
    except DevcacheError:
        return ""


def _is_digest(constraint: str) -> bool:
    return constraint.startswith("sha256:") and len(constraint) == _DIGEST_LENGTH


def _mismatch(dependency: Dependency, local: LocalPackage, target: Target) -> tuple[str, str]:
    """Return the reason that a local package does not satisfy a dependency, and a hint, or two "".

    The rules are those of Crossplane v2.4.0 internal/controller/pkg/revision/dependency.go,
    Resolve.
    """
    tag, range_ = local.reference.identifier, quoted(dependency.constraint)
    subject = f"the local package {local.name} is {quoted(tag)}"
    if _is_digest(dependency.constraint) and target.pins_digests:
        if tag == dependency.constraint:
            return ("", "")
        return (f"{subject}, and dependsOn names {range_}", "name a range of versions in dependsOn")
    rules = target.constraint_rules
    constraint = constraints.parse(dependency.constraint, rules)
    version = constraints.version(tag, rules)
    if constraint is None:
        return ("", "")  # `_improper` reports it for every dependency
    if version is None:
        hint = "give its `package` a tag like v0.1.0"
        return (f"{subject}, but {range_} requires a version", hint)
    if constraint.admits(version):
        return ("", "")
    hint = "give its `package` a tag in that range"
    if not version.is_release:
        hint += _PRERELEASE_HINT
    return (f"{subject}, which {range_} does not admit", hint)


def findings(
    packages: Sequence[LocalPackage], resolutions: Sequence[Resolution], target: Target
) -> Iterator[Finding]:
    """Yield the findings on the dependencies of packages.

    Args:
        packages: The packages.
        resolutions: The resolutions of their dependencies; see `resolve`.
        target: The target of the checks.
    """
    by_name = {package.name: package for package in packages}
    dependencies = (dependency for package in packages for dependency in package.dependencies)
    for dependency, resolution in zip(dependencies, resolutions, strict=True):
        where = f"package {resolution.package}, dependency {quoted(dependency.package)}"
        yield from _improper(dependency.constraint, "its range", where, target)
        local = by_name.get(resolution.local)
        yield from _of_local(dependency, local, where, target) if local else ()
        yield from () if local else _of_pulled(dependency, packages, where, target)
    yield from _misnamed(resolutions, by_name)
    yield from _name_conflicts(resolutions, by_name)
    yield from _cycle(packages)


def is_improper(constraint: str, target: Target) -> bool:
    """Return whether Crossplane cannot read a constraint."""
    if _is_digest(constraint) and target.pins_digests:
        return False
    return constraints.parse(constraint, target.constraint_rules) is None


def _improper(constraint: str, subject: str, where: str, target: Target) -> Iterator[Finding]:
    """Yield an error if Crossplane cannot read a range."""
    if not is_improper(constraint, target):
        return
    hint = "write e.g. >=v0.1.0"
    if target.constraint_rules == "v1" and constraints.parse(constraint, "v3") is not None:
        hint = "separate its parts by commas: Crossplane up to 2.2 requires them"
    problem = f"Crossplane {target.version} rejects {subject} {quoted(constraint)} as improper"
    yield Finding("error", where, problem, hint)


def _of_local(
    dependency: Dependency, local: LocalPackage, where: str, target: Target
) -> Iterator[Finding]:
    problem, hint = _mismatch(dependency, local, target)
    if not local.resolves_dependencies:
        problem = f"the local package {local.name} has skipDependencyResolution: Crossplane does"
        problem += " not record it, and never finds it for another package"
        hint = f"remove skipDependencyResolution from {local.name}"
    if problem:
        yield Finding("error", where, problem, hint)
    if not local.install:
        problem = f"the local package {local.name} has install: false"
        hint = "also apply its object (crossplane-devcache objects), or Crossplane pulls a copy"
        yield Finding("warning", where, problem, hint)


def _of_pulled(
    dependency: Dependency, packages: Sequence[LocalPackage], where: str, target: Target
) -> Iterator[Finding]:
    """Yield a finding on a dependency that cannot be pulled, or that may mean a local package."""
    problem, hint = _unpullable(dependency.package, target)
    last = dependency.package.rpartition("/")[2]
    namesake = next((package for package in packages if last in _last_names(package)), None)
    if problem:
        yield Finding("error", where, problem, hint)
    elif namesake:
        hint = f"if you mean {namesake.name}, set its `package` to this source"
        yield Finding("warning", where, "is not local: Crossplane pulls it", hint)


def _unpullable(source: str, target: Target) -> tuple[str, str]:
    """Return the reason that Crossplane can pull no package of a source, and a hint, or two "".

    Its resolver appends a version to the source, and creates a package object (v2.4.2
    internal/controller/pkg/resolver/reconciler.go, NewPackage). Crossplane 2's API refuses the
    object if that is not a qualified reference.
    """
    if not source:
        problem = f"Crossplane {target.version} does not read its apiVersion, kind and package"
        return (problem, "name it in configuration, provider or function, which all versions read")
    if source.startswith(f"{DEFAULT_REGISTRY}/"):
        return ("is not local, and no registry has it", "declare a local package with that source")
    try:
        reference = references.parse(source, where="")
    except DevcacheError:
        return ("is not a package reference", "write e.g. registry.example.com/acme/network")
    if reference.tag or reference.digest:
        problem = "names a tag or digest, to which Crossplane appends a version"
        return (problem, "move it to `version`")
    if not target.admits(references.parse(f"{source}:v0.0.0", where="")):
        problem = "has no registry with a dot: Crossplane 2 refuses the object that it creates"
        return (problem, f"write e.g. xpkg.crossplane.io/{reference.repository}")
    return ("", "")


def _last_names(package: LocalPackage) -> set[str]:
    return {package.on_disk.name, package.source.rpartition("/")[2]}


def _misnamed(
    resolutions: Sequence[Resolution], by_name: dict[str, LocalPackage]
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
        if name == resolution.resolver_name or not by_name[name].install:
            continue
        problem = (
            f"{resolution.package} depends on it, and Crossplane's resolver names"
            f" {quoted(resolution.source)} {resolution.resolver_name}"
        )
        hint = f"name it {resolution.resolver_name}, or Crossplane may pull a second copy of it"
        yield Finding("warning", f"package {name}", problem, hint)


def _name_conflicts(
    resolutions: Sequence[Resolution], by_name: dict[str, LocalPackage]
) -> Iterator[Finding]:
    """Yield an error for each dependency that would have the name of another package."""
    for resolution, source in name_conflicts(resolutions, by_name.values()):
        where = f"package {resolution.package}, dependency {quoted(resolution.source)}"
        problem = (
            f"Crossplane's resolver names it {resolution.resolver_name}, but {quoted(source)}"
            " already has that name"
        )
        hint = "name the same registry in all packages that depend on it"
        if resolution.resolver_name in by_name:
            hint = "rename the local package, or set its `package` to this source"
        yield Finding("error", where, problem, hint)


def name_conflicts(
    resolutions: Iterable[Resolution], packages: Iterable[LocalPackage]
) -> Iterator[tuple[Resolution, str]]:
    """Yield each dependency that would have the name of another package, and that one's source.

    Crossplane's resolver skips a name that exists, so it never installs the dependency.
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


def _cycle(packages: Sequence[LocalPackage]) -> Iterator[Finding]:
    """Yield an error for a cycle, which stops Crossplane's resolver (internal/dag/dag.go, Sort)."""
    graph = {
        package.source: [dependency.package for dependency in package.dependencies]
        for package in packages
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = " -> ".join(quoted(source) for source in reversed(error.args[1]))
        yield Finding("error", "", f"packages depend on each other in a cycle: {cycle}")


def crossplane_findings(package: LocalPackage, target: Target) -> Iterator[Finding]:
    """Yield a finding if a package's own constraint does not admit this Crossplane version.

    For a bare line such as 2.1, it is an error only if the constraint admits no patch of the line.
    """
    constraint, where = package.on_disk.crossplane, f"package {package.name}"
    settings = package.declaration.settings
    ignored = settings and settings.spec.get("ignoreCrossplaneConstraints") is True
    if not constraint or ignored:
        return
    yield from _improper(constraint, "its range of Crossplane versions", where, target)
    rules = target.constraint_rules
    range_ = constraints.parse(constraint, rules)
    if range_ is None:
        return
    running = (
        candidate
        for candidate in target.version.candidates
        if (version := constraints.version(candidate.numbers, rules)) and range_.admits(version)
    )
    admitted = next(running, None)
    subject = f"its spec.crossplane.version {quoted(constraint)}"
    if admitted is None:
        problem = f"{subject} does not admit Crossplane {target.version}"
        hint = "change the range, or set spec.ignoreCrossplaneConstraints"
        hint += _PRERELEASE_HINT if target.version.prerelease else ""
        yield Finding("error", where, problem, hint)
    elif admitted != target.version:
        problem = f"{subject} admits only some patches of Crossplane {target.version}"
        yield Finding("warning", where, problem, f"name the patch, e.g. {admitted}")
