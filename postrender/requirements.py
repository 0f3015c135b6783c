"""Refuses local packages that can never become Healthy, because a requirement cannot be met.

A package requires other packages, and a range of Crossplane versions. The filter, `check`, `add`
and `push` share these rules. The filter loads this module only for a package with requirements.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from postrender.crossplane import constraints, references
from postrender.declared.devcache import DEFAULT_REGISTRY
from postrender.errors import DevcacheError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from postrender.crossplane.target import Target
    from postrender.crossplane.versions import Version
    from postrender.declared.devcache import PackageDeclaration
    from postrender.packages import Dependency
    from postrender.placement import LocalPackage

_DIGEST_LENGTH = len("sha256:") + 64

_PRERELEASE_HINT = "; a range admits a pre-release only if it contains one, e.g. >=v0.1.0-0"


def require(
    packages: Sequence[LocalPackage], target: Target, others: Sequence[PackageDeclaration] = ()
) -> None:
    """Refuse packages that can never become Healthy; see `refusals`.

    Raises:
        DevcacheError: The first refusal. Its hint names the setting that allows such packages.
    """
    for refusal in refusals(packages, target, others):
        raise with_setting(refusal)


def with_setting(refusal: DevcacheError) -> DevcacheError:
    """Return a refusal whose hint also names the setting that allows such packages."""
    hint = f"{refusal.hint}; to deploy it anyway, set allowUnhealthy: true"
    return DevcacheError(refusal.problem, where=refusal.where, hint=hint)


def refusals(
    packages: Sequence[LocalPackage], target: Target, others: Sequence[PackageDeclaration] = ()
) -> Iterator[DevcacheError]:
    """Yield the refusals of packages that can never become Healthy.

    Args:
        packages: The packages.
        target: The Crossplane that they are for.
        others: Other local packages, which may be dependencies.
    """
    declarations = [*(package.declaration for package in packages), *others]
    for package in packages:
        yield from _refused_crossplane(package, target)
        for dependency in package.dependencies:
            yield from _refused_dependency(package, dependency, declarations, target)
    yield from _cycle(packages)


def place(package: str, source: str) -> str:
    """Return the place of a dependency, for messages; the source is "" if it is not read."""
    if not source:
        return f"package {package}, a dependency by apiVersion, kind and package"
    return f"package {package}, dependency {quoted(source)}"


def supplier(source: str, declarations: Iterable[PackageDeclaration]) -> PackageDeclaration | None:
    """Return the local package that a dependency on `source` means, or None."""
    return min(
        (declaration for declaration in declarations if declaration.source == source),
        key=lambda declaration: (not declaration.resolves_dependencies, not declaration.install),
        default=None,
    )


def resolver_name(source: str) -> str:
    """Return the name that Crossplane's resolver gives a dependency, or ""."""
    try:
        return references.resolver_name(source)
    except DevcacheError:
        return ""


def mismatch(dependency: Dependency, local: PackageDeclaration, target: Target) -> tuple[str, str]:
    """Return the reason that a local package does not meet a dependency, and a hint, or two ""."""
    if local.resolves_dependencies:
        return _out_of_range(dependency, local, target)
    problem = (
        f"the local package {local.name} has skipDependencyResolution: Crossplane does not record"
        " it, and never finds it for another package"
    )
    copy = resolver_name(dependency.package)
    if local.name != copy and not unpullable(dependency.package, target)[0]:
        problem += f"; it pulls a second copy, {copy}, which cannot control the same objects"
    return (problem, f"remove skipDependencyResolution from {local.name}")


def _out_of_range(
    dependency: Dependency, local: PackageDeclaration, target: Target
) -> tuple[str, str]:
    """Return the reason that a dependency does not admit a tag, and a hint, or two "".

    The rules are those of Crossplane v2.4.0 internal/controller/pkg/revision/dependency.go,
    Resolve.
    """
    tag, range_ = local.reference.identifier, quoted(dependency.constraint)
    subject = f"the local package {local.name} is {quoted(tag)}"
    if is_digest(dependency.constraint) and target.pins_digests:
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


def unpullable(source: str, target: Target) -> tuple[str, str]:
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


def admitted_version(package: LocalPackage, target: Target) -> Version | None:
    """Return the newest version that the target stands for and the package admits, or None.

    The package admits each version if it has no range, if its range is improper, or if it ignores
    the range.
    """
    rules = target.constraint_rules
    range_ = constraints.parse(_crossplane(package), rules)
    if range_ is None:
        return target.version
    for candidate in target.version.candidates:
        version = constraints.version(candidate.numbers, rules)
        if version and range_.admits(version):
            return candidate
    return None


def _crossplane(package: LocalPackage) -> str:
    """Return the range of Crossplane versions that a package requires, or "" if it ignores it."""
    settings = package.declaration.settings
    ignores = settings and settings.spec.get("ignoreCrossplaneConstraints") is True
    return "" if ignores else package.on_disk.crossplane


def _refused_crossplane(package: LocalPackage, target: Target) -> Iterator[DevcacheError]:
    """Yield the refusal of a package whose range admits no version that the target stands for."""
    constraint, where = _crossplane(package), f"package {package.name}"
    if not constraint:
        return
    if admitted_version(package, target) is None:
        problem = f"its spec.crossplane.version {quoted(constraint)} does not admit Crossplane"
        problem += f" {target.version}"
        hint = "change the range, or set spec.ignoreCrossplaneConstraints"
        hint += _PRERELEASE_HINT if target.version.prerelease else ""
        yield DevcacheError(problem, where=where, hint=hint)


def _refused_dependency(
    package: LocalPackage,
    dependency: Dependency,
    declarations: Iterable[PackageDeclaration],
    target: Target,
) -> Iterator[DevcacheError]:
    """Yield the refusals of a dependency with an improper range, or without a fitting package.

    Crossplane may pull another version of a local package that is not installed.
    """
    where = place(package.name, dependency.package)
    yield from _improper(dependency.constraint, where, target)
    local = supplier(dependency.package, declarations)
    problem, hint = unpullable(dependency.package, target) if local is None else ("", "")
    if local and local.install:
        problem, hint = mismatch(dependency, local, target)
    if problem:
        yield DevcacheError(problem, where=where, hint=hint)


def is_digest(constraint: str) -> bool:
    """Return whether a constraint is a digest in place of a range."""
    return constraint.startswith("sha256:") and len(constraint) == _DIGEST_LENGTH


def is_improper(constraint: str, target: Target) -> bool:
    """Return whether Crossplane cannot read a range."""
    if is_digest(constraint) and target.pins_digests:
        return False
    return constraints.parse(constraint, target.constraint_rules) is None


def _improper(constraint: str, where: str, target: Target) -> Iterator[DevcacheError]:
    """Yield the refusal of a range that Crossplane cannot read."""
    if not is_improper(constraint, target):
        return
    hint = "write e.g. >=v0.1.0"
    if target.constraint_rules == "v1" and constraints.parse(constraint, "v3") is not None:
        hint = "separate its parts by commas: Crossplane up to 2.2 requires them"
    problem = f"Crossplane {target.version} rejects its range {quoted(constraint)} as improper"
    yield DevcacheError(problem, where=where, hint=hint)


def _cycle(packages: Sequence[LocalPackage]) -> Iterator[DevcacheError]:
    """Yield the refusal of a cycle, with which the resolver installs nothing (dag.go, Sort)."""
    graph = {
        package.source: [dependency.package for dependency in package.dependencies]
        for package in packages
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = " -> ".join(quoted(source) for source in reversed(error.args[1]))
        problem = f"packages depend on each other in a cycle: {cycle}"
        hint = "remove one of these dependencies: with a cycle, Crossplane resolves no dependency"
        yield DevcacheError(problem, hint=hint)
