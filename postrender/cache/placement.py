"""The declared packages, read from disk and placed in the cache; what cannot go together."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from postrender import packages, results
from postrender.cache import layouts
from postrender.declared.devcache import DEFAULT_REGISTRY
from postrender.errors import DevcacheError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from postrender.cache.layouts import Layout, Version
    from postrender.declared.devcache import DevCache, LocalPackage
    from postrender.results import Results


class Placed(NamedTuple):
    """A local package with its place in the cache.

    Attributes:
        declared: What the DevCache says of it.
        package: What is on disk.
        digest: The digest that its reference resolves to.
        cache_key: The file that Crossplane reads, relative to the cache root.
    """

    declared: LocalPackage
    package: packages.Package
    digest: str
    cache_key: str

    @property
    def name(self) -> str:
        """The name of the package object."""
        return self.declared.name

    @property
    def source(self) -> str:
        """What other packages name it by in `dependsOn`."""
        return self.declared.reference.source

    @property
    def may_be_pushed(self) -> bool:
        """Whether a registry may have this very package, and with it the image that it runs."""
        named = self.declared.reference.registry != DEFAULT_REGISTRY
        return self.package.digest_is_registrys and named


def place(
    devcache: DevCache,
    version: Version,
    layout: Layout,
    folder: Path,
    kept: Results = results.NOTHING_KEPT,
) -> tuple[Placed, ...]:
    """Return the declared packages, each read and placed.

    Args:
        devcache: The declaration.
        version: The Crossplane version.
        layout: The layout that it uses.
        folder: What relative paths are relative to.
        kept: Results of earlier runs.

    Raises:
        DevcacheError: A package cannot be read, Crossplane would refuse it, or two of them
            exclude each other. The first such refusal.
    """
    placed: list[Placed] = []
    for declared in devcache.packages:
        one = placed_package(declared, layout, folder, kept)
        for refusal in refusals(one, version, layout):
            raise refusal
        placed.append(one)
    for refusal in exclusions(placed, offline=devcache.offline):
        raise refusal
    return tuple(placed)


def placed_package(
    declared: LocalPackage, layout: Layout, folder: Path, kept: Results = results.NOTHING_KEPT
) -> Placed:
    """Return a declared package, read and placed, though Crossplane may still refuse it.

    Raises:
        DevcacheError: It cannot be read.
    """
    package = read(declared, folder, kept)
    return Placed(
        declared, package, package.digest, layout.cache_key(declared.reference, package.digest)
    )


def read(
    declared: LocalPackage, folder: Path, kept: Results = results.NOTHING_KEPT
) -> packages.Package:
    """Return the package that a declaration names.

    Raises:
        DevcacheError: It cannot be read, or is no package; the message names the declaration.
    """
    try:
        return packages.read(folder / declared.path, ignore=declared.ignore, kept=kept)
    except DevcacheError as error:
        where = ", ".join(filter(None, (f"package {declared.name}", error.where)))
        raise DevcacheError(error.problem, where=where, hint=error.hint) from error


def refusals(one: Placed, version: Version, layout: Layout) -> Iterator[DevcacheError]:
    """Yield why Crossplane would refuse a package, or could not find it in its cache."""
    declared, package, where = one.declared, one.package, _where(one.declared)
    if not layout.admits(declared.reference):
        problem = f"Crossplane 2 does not admit the reference {quoted(declared.reference.text)}"
        hint = (
            "write a host with a dot, a path, and a tag: registry.example.com/acme/platform:v0.1.0"
        )
        yield DevcacheError(problem, where=where, hint=hint)
    kind = package.kind
    yield from layouts.refused_kind(kind, package.api_version, kind, version, where=where)
    for member in package.members:
        place_ = f"{where}, file {quoted(member.file)}"
        yield from layouts.refused_kind(
            kind, member.api_version, member.kind, version, where=place_
        )
    yield from _refused_runtime(one, layout)
    if layout.keyed_by == "digest" and declared.reference.digest:
        yield from _refused_digest(declared, package)
    yield from _refused_key(declared)


def _refused_runtime(one: Placed, layout: Layout) -> Iterator[DevcacheError]:
    """Yield the refusal of a package that has nothing to run, or two things."""
    declared, package = one.declared, one.package
    where, has_config = _where(declared), "runtimeConfigRef" in declared.spec
    if declared.runtime_image and package.kind == "Configuration":
        problem = "runtimeImage is set, but a Configuration runs nothing"
        yield DevcacheError(problem, where=where, hint="remove runtimeImage")
    if declared.runtime_image and has_config:
        problem = "runtimeImage and spec.runtimeConfigRef are both set"
        hint = "keep one: runtimeImage makes a DeploymentRuntimeConfig of its own"
        yield DevcacheError(problem, where=where, hint=hint)
    if package.kind == "Configuration" or not declared.install or layout.pull_policy == "Never":
        return  # with Never the image is on the node, under whatever name
    if not one.may_be_pushed and not declared.runtime_image and not has_config:
        problem = f"no registry has the image that this {package.kind} runs"
        hint = "set runtimeImage to the image of its program, or spec.runtimeConfigRef"
        yield DevcacheError(problem, where=where, hint=hint)


def _refused_digest(declared: LocalPackage, package: packages.Package) -> Iterator[DevcacheError]:
    """Yield the refusal of a digest that Crossplane could not resolve to this package."""
    reference, where = declared.reference, _where(declared)
    if reference.tag:
        problem = f"{quoted(reference.text)} has a tag and a digest"
        hint = "keep one: Crossplane would take the tag for a part of the source"
        yield DevcacheError(problem, where=where, hint=hint)
    elif not package.digest_is_registrys:
        problem = f"{quoted(reference.text)} names a digest, but only an .xpkg file has one"
        yield DevcacheError(problem, where=where, hint="name a tag instead, e.g. v0.1.0")
    elif reference.digest != package.digest:
        problem = f"{quoted(reference.text)} names another digest than the file's, {package.digest}"
        hint = "name a tag to use the file whatever its digest"
        yield DevcacheError(problem, where=where, hint=hint)


def _refused_key(declared: LocalPackage) -> Iterator[DevcacheError]:
    reference = declared.reference
    if any(not part or part.startswith(".") for part in reference.text.split("/")):
        problem = f"{quoted(reference.text)} has a part that is empty or begins with a dot"
        yield DevcacheError(problem, where=_where(declared), hint="name it otherwise")


def exclusions(placed: Sequence[Placed], *, offline: bool) -> Iterator[DevcacheError]:
    """Yield why packages cannot go together.

    Args:
        placed: The packages.
        offline: Whether a dependency that is not among them is refused, too.
    """
    for one, other in combinations(placed, 2):
        yield from _excluded(one, other)
    if offline:
        yield from _missing_dependencies(placed)


def _excluded(one: Placed, other: Placed) -> Iterator[DevcacheError]:
    """Yield the refusal of two packages that Crossplane could not tell apart."""
    where = f"packages {one.name} and {other.name}"
    first, second = sorted((one.cache_key, other.cache_key))
    if one.declared.install and other.declared.install and one.source == other.source:
        problem = f"both have the source {quoted(one.source)}, and Crossplane installs each once"
        hint = "give one of them another `package`, or install: false"
        yield DevcacheError(problem, where=where, hint=hint)
    elif one.cache_key == other.cache_key:
        problem = f"both would be the cache file {quoted(one.cache_key)}"
        hint = "give one of them a `package` with another path; another tag is often the same file"
        yield DevcacheError(problem, where=where, hint=hint)
    elif second.startswith(f"{first}/"):
        problem = f"the cache file {quoted(first)} of one is a folder of the other's"
        yield DevcacheError(problem, where=where, hint="give one of them another `package`")


def _missing_dependencies(placed: Sequence[Placed]) -> Iterator[DevcacheError]:
    local = {one.source for one in placed}
    for one in placed:
        for dependency in one.package.dependencies:
            if dependency.package not in local:
                problem = (
                    f"offline is set, but its dependency {quoted(dependency.package)} is not local"
                )
                hint = "declare a local package with that source, or unset offline"
                yield DevcacheError(problem, where=_where(one.declared), hint=hint)


def _where(declared: LocalPackage) -> str:
    return f"package {declared.name} ({quoted(declared.path)})"
