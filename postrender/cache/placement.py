"""The declared packages, read from disk and placed in the cache; what cannot go together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from postrender import packages
from postrender.cache import layouts
from postrender.declared.devcache import DEFAULT_REGISTRY
from postrender.errors import DevcacheError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from postrender.cache.layouts import Layout, Line
    from postrender.declared.devcache import DevCache, LocalPackage


@dataclass(frozen=True)
class Placed:
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


def place(devcache: DevCache, line: Line, layout: Layout, folder: Path) -> tuple[Placed, ...]:
    """Return the declared packages, each read and placed.

    Args:
        devcache: The declaration.
        line: The Crossplane line.
        layout: The layout that this line uses.
        folder: What relative paths are relative to.

    Raises:
        DevcacheError: A package cannot be read, Crossplane would refuse it, or two of them
            exclude each other.
    """
    placed = tuple(_placed(declared, line, layout, folder) for declared in devcache.packages)
    for one, other in combinations(placed, 2):
        _require_distinct(one, other)
    if devcache.offline:
        _require_local_dependencies(placed)
    return placed


def _placed(declared: LocalPackage, line: Line, layout: Layout, folder: Path) -> Placed:
    where = _where(declared)
    if not layout.admits(declared.reference):
        problem = f"Crossplane 2 does not admit the reference {quoted(declared.reference.text)}"
        hint = (
            "write a host with a dot, a path, and a tag: registry.example.com/acme/platform:v0.1.0"
        )
        raise DevcacheError(problem, where=where, hint=hint)
    package = _read(declared, folder)
    layouts.check_kind(package.kind, package.api_version, package.kind, line, where=where)
    for member in package.members:
        place_ = f"{where}, file {quoted(member.file)}"
        layouts.check_kind(package.kind, member.api_version, member.kind, line, where=place_)
    _check_runtime(declared, package, layout)
    digest = _digest(declared, package, layout)
    return Placed(declared, package, digest, _cache_key(declared, digest, layout))


def _read(declared: LocalPackage, folder: Path) -> packages.Package:
    try:
        return packages.read(folder / declared.path, ignore=declared.ignore)
    except DevcacheError as error:
        where = ", ".join(filter(None, (f"package {declared.name}", error.where)))
        raise DevcacheError(error.problem, where=where, hint=error.hint) from error


def _check_runtime(declared: LocalPackage, package: packages.Package, layout: Layout) -> None:
    """Refuse a package that has nothing to run, or two things."""
    where, has_config = _where(declared), "runtimeConfigRef" in declared.spec
    if declared.runtime_image and package.kind == "Configuration":
        problem = "runtimeImage is set, but a Configuration runs nothing"
        raise DevcacheError(problem, where=where, hint="remove runtimeImage")
    if declared.runtime_image and has_config:
        problem = "runtimeImage and spec.runtimeConfigRef are both set"
        hint = "keep one: runtimeImage makes a DeploymentRuntimeConfig of its own"
        raise DevcacheError(problem, where=where, hint=hint)
    if package.kind == "Configuration" or not declared.install or layout.pull_policy == "Never":
        return  # with Never the image is on the node, under whatever name
    is_pushed = package.digest_is_registrys and declared.reference.registry != DEFAULT_REGISTRY
    if not is_pushed and not declared.runtime_image and not has_config:
        problem = f"no registry has the image that this {package.kind} runs"
        hint = "set runtimeImage to the image of its program, or spec.runtimeConfigRef"
        raise DevcacheError(problem, where=where, hint=hint)


def _digest(declared: LocalPackage, package: packages.Package, layout: Layout) -> str:
    """Return the digest that Crossplane is to resolve the reference to."""
    reference, where = declared.reference, _where(declared)
    if layout.keyed_by == "path" or not reference.digest:
        return package.digest
    if reference.tag:
        problem = f"{quoted(reference.text)} has a tag and a digest"
        hint = "keep one: Crossplane would take the tag for a part of the source"
        raise DevcacheError(problem, where=where, hint=hint)
    if not package.digest_is_registrys:
        problem = f"{quoted(reference.text)} names a digest, but only an .xpkg file has one"
        raise DevcacheError(problem, where=where, hint="name a tag instead, e.g. v0.1.0")
    if reference.digest != package.digest:
        problem = f"{quoted(reference.text)} names another digest than the file's, {package.digest}"
        hint = "name a tag to use the file whatever its digest"
        raise DevcacheError(problem, where=where, hint=hint)
    return package.digest


def _cache_key(declared: LocalPackage, digest: str, layout: Layout) -> str:
    reference = declared.reference
    named = reference.text if layout.keyed_by == "path" else reference.source
    if any(not part or part.startswith(".") for part in named.split("/")):
        problem = f"{quoted(reference.text)} has a part that is empty or begins with a dot"
        raise DevcacheError(problem, where=_where(declared), hint="name it otherwise")
    return layout.cache_key(reference, digest)


def _require_distinct(one: Placed, other: Placed) -> None:
    """Refuse two packages that Crossplane could not tell apart."""
    where = f"packages {one.name} and {other.name}"
    if one.declared.install and other.declared.install and one.source == other.source:
        problem = f"both have the source {quoted(one.source)}, and Crossplane installs each once"
        hint = "give one of them another `package`, or install: false"
        raise DevcacheError(problem, where=where, hint=hint)
    if one.cache_key == other.cache_key:
        problem = f"both would be the cache file {quoted(one.cache_key)}"
        hint = "give one of them a `package` with another path; another tag is often the same file"
        raise DevcacheError(problem, where=where, hint=hint)
    shorter, longer = sorted((one.cache_key, other.cache_key), key=len)
    if longer.startswith(f"{shorter}/"):
        problem = f"the cache file {quoted(shorter)} of one is a folder of the other's"
        raise DevcacheError(problem, where=where, hint="give one of them another `package`")


def _require_local_dependencies(placed: Iterable[Placed]) -> None:
    local = {one.source for one in placed}
    for one in placed:
        for dependency in one.package.dependencies:
            if dependency.package not in local:
                problem = (
                    f"offline is set, but its dependency {quoted(dependency.package)} is not local"
                )
                hint = "declare a local package with that source, or unset offline"
                raise DevcacheError(problem, where=_where(one.declared), hint=hint)


def _where(declared: LocalPackage) -> str:
    return f"package {declared.name} ({quoted(declared.path)})"
