"""The package lists of the upstream chart, from which Crossplane creates package objects itself.

Its initContainer creates them after the CRDs. It can only set `spec.package` (v2.4.0
internal/initializer/installer.go), so the packages have digests, which need no ImageConfig.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from postrender import requirements
from postrender.crossplane import references
from postrender.errors import DevcacheError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from postrender.chartvalues.users import Lists
    from postrender.crossplane.target import Target
    from postrender.placement import LocalPackage

HINT = "pass --objects, so that the release contains the package objects"
"""The hint for a package that a package list cannot install."""


def by_digest(packages: Sequence[LocalPackage], target: Target) -> tuple[LocalPackage, ...]:
    """Return the packages with the digests of their contents in place of their tags.

    Raises:
        DevcacheError: A package list cannot install a package.
    """
    for package in packages:
        for refusal in _refusals(package):
            raise refusal
    digested = tuple(map(_by_digest, packages))
    for refusal in (*_unsatisfied_ranges(digested, target), *_equal_names(digested)):
        raise refusal
    return digested


def lists(packages: Iterable[LocalPackage]) -> Lists:
    """Return the installed packages as lists of the chart's values."""
    lists: Lists = {}
    for package in packages:
        if package.install:
            path = (package.kind.lower(), "packages")
            lists.setdefault(path, []).append(package.reference.text)
    return lists


def object_name(package: LocalPackage) -> str:
    """Return the name that Crossplane gives a new package object of its package lists.

    Crossplane's resolver gives the same name. An object with the same source keeps its name.
    """
    return references.resolver_name(package.source)


def _refusals(package: LocalPackage) -> Iterator[DevcacheError]:
    """Yield the refusals of settings that need fields of the package object, or an ImageConfig."""
    where, settings = f"package {package.name}", package.declaration.settings
    if package.runtime_image:
        problem = "runtimeImage needs a DeploymentRuntimeConfig, which no package list can name"
        yield DevcacheError(problem, where=where, hint=HINT)
    if settings and settings.spec:
        fields = ", ".join(map(quoted, settings.spec))
        problem = f"a package list cannot set the fields of its spec: {fields}"
        yield DevcacheError(problem, where=where, hint=HINT)
    if not package.install and not package.reference.digest:
        problem = "install is false, and without an ImageConfig its tag needs a registry"
        yield DevcacheError(problem, where=where, hint=HINT)


def _by_digest(package: LocalPackage) -> LocalPackage:
    text = f"{package.source}@{package.digest}"
    reference = references.parse(text, where=f"package {package.name}")
    return package._replace(declaration=package.declaration._replace(reference=reference))


def _unsatisfied_ranges(
    packages: Sequence[LocalPackage], target: Target
) -> Iterator[DevcacheError]:
    """Yield the refusal of each dependency whose range does not admit the digest of its package."""
    declarations = [package.declaration for package in packages]
    for package in packages:
        for dependency in package.dependencies:
            local = requirements.supplier(dependency.package, declarations)
            if not local or not local.install or requirements.is_digest(dependency.constraint):
                continue
            if requirements.mismatch(dependency, local, target)[0]:
                problem = (
                    f"{quoted(dependency.constraint)} requires a version, but a package list names"
                    f" the local package {local.name} by its digest"
                )
                where = requirements.place(package.name, dependency.package)
                yield DevcacheError(problem, where=where, hint=HINT)


def _equal_names(packages: Sequence[LocalPackage]) -> Iterator[DevcacheError]:
    """Yield the refusal of two packages whose objects would have the same kind and name."""
    installed = [package for package in packages if package.install]
    for first, second in combinations(installed, 2):
        name = object_name(first)
        if first.kind == second.kind and name == object_name(second):
            problem = f"Crossplane would create one {first.kind} {quoted(name)} for both"
            where = f"packages {first.name} and {second.name}"
            hint = f"give one of them a `package` with another repository, or {HINT}"
            yield DevcacheError(problem, where=where, hint=hint)
