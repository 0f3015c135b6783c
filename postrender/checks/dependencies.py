"""What the local packages depend on: which of it is local, in the range, under the right name."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Literal

from postrender.cache import layouts, ranges, references
from postrender.checks.findings import Finding
from postrender.declared.devcache import DEFAULT_REGISTRY
from postrender.errors import DevcacheError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.cache.layouts import Version
    from postrender.cache.placement import Placed
    from postrender.packages import Dependency

_DIGEST_LENGTH = len("sha256:") + 64


@dataclass(frozen=True)
class Resolution:
    """What becomes of one dependency.

    Attributes:
        package: The name of the local package that has it.
        source: What it depends on.
        constraint: The range or digest that its `dependsOn` gives, or "".
        state: Met by a local package, refused by its range, or pulled by Crossplane.
        local: The name of the local package with that source, or "".
        version: That package's tag or digest, or "".
        resolver_name: What Crossplane's resolver calls the dependency, or "".
    """

    package: str
    source: str
    constraint: str
    state: Literal["local", "refused", "pulled"]
    local: str
    version: str
    resolver_name: str


def resolve(placed: Sequence[Placed], version: Version) -> list[Resolution]:
    """Return what becomes of each dependency of each package with a Crossplane version."""
    return [
        _resolution(one, dependency, placed, version)
        for one in placed
        for dependency in one.package.dependencies
    ]


def _resolution(
    one: Placed, dependency: Dependency, placed: Sequence[Placed], version: Version
) -> Resolution:
    locals_ = [other for other in placed if other.source == dependency.package]
    local = min(locals_, key=lambda each: not each.declared.install, default=None)
    state: Literal["local", "refused", "pulled"] = "pulled"
    if local:
        state = "refused" if _mismatch(dependency, local, version)[0] else "local"
    return Resolution(
        package=one.name,
        source=dependency.package,
        constraint=dependency.constraint,
        state=state,
        local=local.name if local else "",
        version=local.declared.reference.identifier if local else "",
        resolver_name=_resolver_name(dependency.package),
    )


def _resolver_name(source: str) -> str:
    try:
        return references.resolver_name(source)
    except DevcacheError:
        return ""


def _is_digest(constraint: str) -> bool:
    return constraint.startswith("sha256:") and len(constraint) == _DIGEST_LENGTH


def _mismatch(dependency: Dependency, local: Placed, version: Version) -> tuple[str, str]:
    """Return why a local package does not meet a dependency, and what to do; nothing if it does.

    As Crossplane does it: v2.4.0 internal/controller/pkg/revision/dependency.go, Resolve.
    """
    tag, range_ = local.declared.reference.identifier, quoted(dependency.constraint)
    known = f"the local package {local.name} is {quoted(tag)}"
    if _is_digest(dependency.constraint) and layouts.pins_digests(version):
        if tag == dependency.constraint:
            return ("", "")
        return (f"{known}, and {range_} is wanted", "name a range of versions in dependsOn")
    rules = layouts.semver(version)
    wanted, found = ranges.parse(dependency.constraint, rules), ranges.version(tag, rules)
    if wanted is None:
        return ("", "")  # told apart, whether local or not
    if found is None:
        hint = "give its `package` a tag like v0.1.0"
        return (f"{known}, which is no version that {range_} could admit", hint)
    if wanted.admits(found):
        return ("", "")
    hint = "give its `package` a tag in that range"
    if not found.is_release:
        hint += "; a range admits a pre-release only when it names one, e.g. >=v0.1.0-0"
    return (f"{known}, which {range_} does not admit", hint)


def findings(placed: Sequence[Placed], version: Version) -> Iterator[Finding]:
    """Yield what is wrong with the dependencies of packages, and what to know of them."""
    by_name = {one.name: one for one in placed}
    for one in placed:
        for dependency in one.package.dependencies:
            where = f"package {one.name}, dependency {quoted(dependency.package)}"
            yield from _improper(dependency.constraint, "its range", where, version)
            local = by_name.get(_resolution(one, dependency, placed, version).local)
            yield from _of_local(dependency, local, where, version) if local else ()
            yield from () if local else _of_pulled(dependency, placed, where)
    resolutions = resolve(placed, version)
    yield from _misnamed(resolutions, by_name)
    yield from _name_taken(resolutions, by_name)
    yield from _cycle(placed)


def _improper(constraint: str, what: str, where: str, version: Version) -> Iterator[Finding]:
    """Yield that Crossplane cannot read a range."""
    if _is_digest(constraint) and layouts.pins_digests(version):
        return
    rules = layouts.semver(version)
    if ranges.parse(constraint, rules) is not None:
        return
    hint = "write e.g. >=v0.1.0"
    if rules == "v1" and ranges.parse(constraint, "v3") is not None:
        hint = "write a comma between its parts: Crossplane up to 2.2 knows nothing else"
    problem = f"Crossplane {version} calls {what} {quoted(constraint)} improper"
    yield Finding("error", where, problem, hint)


def _of_local(
    dependency: Dependency, local: Placed, where: str, version: Version
) -> Iterator[Finding]:
    problem, hint = _mismatch(dependency, local, version)
    if problem:
        yield Finding("error", where, problem, hint)
    if not local.declared.install:
        problem = f"the local package {local.name} has install: false"
        hint = "apply its object, too (crossplane-devcache objects), or Crossplane pulls one"
        yield Finding("warning", where, problem, hint)


def _of_pulled(dependency: Dependency, placed: Sequence[Placed], where: str) -> Iterator[Finding]:
    """Yield that a dependency is not local, and which local package may have been meant."""
    last = dependency.package.rpartition("/")[2]
    meant = next((o for o in placed if last in {o.package.name, o.source.rpartition("/")[2]}), None)
    hint = f"if {meant.name} is meant, give it this source as its `package`" if meant else ""
    if dependency.package.startswith(f"{DEFAULT_REGISTRY}/"):
        hint = hint or "declare a local package with that source"
        yield Finding("error", where, "is not local, and no registry has it", hint)
    elif meant:
        yield Finding("warning", where, "is not local: Crossplane pulls it", hint)


def _misnamed(resolutions: Sequence[Resolution], by_name: dict[str, Placed]) -> Iterator[Finding]:
    """Yield the packages that Crossplane's resolver would call otherwise, each once.

    A registry with the same source can then give a second copy, and two packages of one source
    stop the resolver for the whole cluster: "node already exists" (internal/dag/dag.go, AddNode).
    """
    wanted = {one.local: one for one in resolutions if one.local and one.resolver_name}
    for name, one in wanted.items():
        if name == one.resolver_name or not by_name[name].declared.install:
            continue
        problem = (
            f"{one.package} depends on it, and Crossplane's resolver calls {quoted(one.source)}"
            f" {one.resolver_name}"
        )
        hint = f"name it {one.resolver_name}, or a registry may give you a second copy of it"
        yield Finding("warning", f"package {name}", problem, hint)


def _name_taken(resolutions: Sequence[Resolution], by_name: dict[str, Placed]) -> Iterator[Finding]:
    """Yield the dependencies that are to be pulled under a name that another package has.

    Crossplane's resolver passes over a name that exists, and the dependency is never installed.
    """
    sources = {name: one.source for name, one in by_name.items() if one.declared.install}
    for one in resolutions:
        taken = sources.get(one.resolver_name, one.source)
        if one.state == "pulled" and taken != one.source:
            where = f"package {one.package}, dependency {quoted(one.source)}"
            problem = (
                f"Crossplane's resolver calls it {one.resolver_name}, a name that"
                f" {quoted(taken)} has"
            )
            hint = "rename the local package, or give it this source as its `package`"
            yield Finding("error", where, problem, hint)
        if one.state == "pulled" and one.resolver_name:
            sources.setdefault(one.resolver_name, one.source)


def _cycle(placed: Sequence[Placed]) -> Iterator[Finding]:
    """Yield a cycle, on which Crossplane's resolver stops (internal/dag/dag.go, Sort)."""
    graph = {one.source: [each.package for each in one.package.dependencies] for one in placed}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = " -> ".join(quoted(source) for source in reversed(error.args[1]))
        yield Finding("error", "", f"packages depend on each other in a circle: {cycle}")


def crossplane_findings(one: Placed, crossplane: str, version: Version) -> Iterator[Finding]:
    """Yield that a package says it does not work with this Crossplane.

    Args:
        one: The package.
        crossplane: The Crossplane version as the user names it, e.g. `2.4.2-rc.1` or `1.20`.
        version: The same, parsed.
    """
    wanted, where = one.package.crossplane, f"package {one.name}"
    if not wanted or one.declared.spec.get("ignoreCrossplaneConstraints") is True:
        return
    yield from _improper(wanted, "its range of Crossplane versions", where, version)
    rules = layouts.semver(version)
    range_, running = ranges.parse(wanted, rules), ranges.version(crossplane, rules)
    if range_ and running and not range_.admits(running):
        problem = (
            f"its spec.crossplane.version {quoted(wanted)} does not admit Crossplane {crossplane}"
        )
        hint = "change the range, or set spec.ignoreCrossplaneConstraints"
        yield Finding("error", where, problem, hint)
