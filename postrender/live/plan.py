"""The plan of a push, from packages on disk and the release, without a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from postrender import placement, requirements, result_cache
from postrender.declared.devcache import PackageDeclaration
from postrender.errors import DevcacheError, quoted
from postrender.live.releases import PUSHED_SUFFIX
from postrender.payload import compression, contents, limits, record
from postrender.payload.contents import Contents, IndexEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from postrender.live.releases import Release
    from postrender.payload.record import RecordedPackage
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache

_OVER_SUFFIX = ".over.xz"
"""The suffix of a pushed package's key, if it replaces a package outside the release's ConfigMap.

The release owns the key and also the index that names it, so one request writes both or neither.
"""


@dataclass(frozen=True)
class Change:
    """The change of one package.

    Attributes:
        package: The package on disk.
        entry: Its record in the release after the push.
        state: `new` if the release has no such package, `changed` if it has another content, or
            `same` if it has this content.
    """

    package: LocalPackage
    entry: RecordedPackage
    state: Literal["new", "changed", "same"]

    @property
    def name(self) -> str:
        """The name of the package object."""
        return self.entry.name

    @property
    def is_declared(self) -> bool:
        """Whether the release declares the package; otherwise only a push has added it."""
        return self.entry.released != ""


@dataclass(frozen=True)
class Plan:
    """The plan of a push.

    Attributes:
        changes: The change of each package.
        contents: The contents of the ConfigMap after the push.
    """

    changes: tuple[Change, ...]
    contents: Contents

    @property
    def writes(self) -> bool:
        """Whether there is a change to write."""
        return any(change.state != "same" for change in self.changes)


def push(
    release: Release,
    packages: Sequence[LocalPackage],
    cache: ResultCache = result_cache.NO_CACHE,
) -> Plan:
    """Return the plan of a push.

    Args:
        release: The release before the push.
        packages: The packages on disk.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: The release declares another package under the name, a package excludes
            another, or all packages together are too large.
    """
    changes = tuple(_change(release, package) for package in packages)
    entries = {**release.entries, **{change.name: change.entry for change in changes}}
    for change in changes:
        for other in entries.values():
            if other.name != change.name:
                for refusal in placement.exclusion(change.entry, other):
                    raise refusal
    _refuse_unhealthy(release, changes)
    changed_packages = [change.package for change in changes if change.state != "same"]
    packed = compression.packed([package.package_yaml for package in changed_packages], cache)
    names = [package.name for package in changed_packages]
    result = _contents(release, entries, dict(zip(names, packed, strict=True)))
    if result.size > limits.CONFIG_MAP:
        problem = (
            f"too large for a push: all packages need {result.size:,} bytes after compression, and"
            f" a ConfigMap holds {limits.CONFIG_MAP:,}"
        )
        raise DevcacheError(problem, hint="install it with helm upgrade and payload: apart")
    return Plan(changes, result)


def _refuse_unhealthy(release: Release, changes: Sequence[Change]) -> None:
    """Refuse changed packages that can never become Healthy, if the release does not allow them."""
    if release.record.allow_unhealthy:
        return
    pushed_names = {change.name for change in changes}
    packages = [change.package for change in changes if change.state != "same"]
    others = [
        PackageDeclaration(name, entry.path, entry.reference, install=entry.install)
        for name, entry in release.entries.items()
        if name not in pushed_names
    ]
    others += [change.package.declaration for change in changes if change.state == "same"]
    requirements.require(packages, release.target, others)


def with_notice(release: Release, names: Iterable[str]) -> Contents:
    """Return the contents of the ConfigMap with the record that Crossplane knows of packages."""
    entries = {name: release.entries[name]._replace(is_notified=True) for name in names}
    return _contents(release, {**release.entries, **entries}, {})


def unload(release: Release, name: str) -> Contents:
    """Return the contents of the ConfigMap without a package that a push added.

    Raises:
        DevcacheError: The release declares the package, or no push has added it.
    """
    if name in release.record.packages:
        problem = f"the release declares {quoted(name)}"
        raise DevcacheError(problem, hint="remove it from the values, and run helm upgrade")
    if name not in release.push_record.packages:
        names = ", ".join(sorted(release.entries.keys() - release.record.packages)) or "none"
        problem = f"no push has added a package {quoted(name)}"
        raise DevcacheError(problem, hint=f"pushed: {names}")
    others = {key: entry for key, entry in release.entries.items() if key != name}
    return _contents(release, others, {})


def _change(release: Release, package: LocalPackage) -> Change:
    declared = release.record.packages.get(package.name)
    before = declared or release.push_record.packages.get(package.name)
    entry = record.recorded(package, released="")
    if declared:
        _require_same_package(declared, package)
        entry = declared.renewed(package)
    if before is None or entry._replace(is_notified=before.is_notified) != before:
        # An ImageConfig tells Crossplane about the content, but a path does not.
        entry = entry._replace(is_notified=release.target.uses_image_configs)
        return Change(package, entry, "changed" if before else "new")
    return Change(package, before, "same")


def _require_same_package(before: RecordedPackage, package: LocalPackage) -> None:
    where = f"package {package.name}"
    if before.kind != package.kind:
        problem = f"it is a {package.kind}, and the release has a {before.kind} of that name"
        raise DevcacheError(problem, where=where, hint="run helm upgrade to replace it")
    if before.package != package.reference.text:
        problem = f"the release has the reference {quoted(before.package)}"
        raise DevcacheError(problem, where=where, hint="run helm upgrade to change it")


def _contents(
    release: Release, entries: Mapping[str, RecordedPackage], packed: Mapping[str, bytes]
) -> Contents:
    """Return the contents with these packages: the packed ones are new, the others unchanged."""
    before = release.contents
    # If the release declares a pushed package in the meantime, the index of the release counts.
    index = {**before.entries(contents.PUSHED_INDEX), **before.entries(contents.INDEX)}
    binary: dict[str, bytes] = {}
    for name, entry in entries.items():
        if name in packed:
            key = _key(release, entry)
            index[name] = IndexEntry.of(packed[name], entry.content, [key], entry.file)
            binary[key] = packed[name]
        keys = index[name].keys if name in index else ()
        binary |= {key: before.binary[key] for key in keys if key in before.binary.keys() - binary}
    _require_complete(before, entries, index)
    declared = [entry for entry in entries.values() if entry.released]
    pushed = [entry for entry in entries.values() if not entry.released]
    data = {
        contents.SCRIPT: before.data[contents.SCRIPT],
        contents.INDEX: "".join(index[entry.name].line for entry in declared),
        record.RELEASED: release.record.of_packages(declared).text,
    }
    if pushed:
        data[contents.PUSHED_INDEX] = "".join(index[entry.name].line for entry in pushed)
        data[record.PUSHED] = release.record.of_packages(pushed).text
    return Contents(data, binary)


def _key(release: Release, entry: RecordedPackage) -> str:
    if not entry.released:
        return f"{entry.name}{PUSHED_SUFFIX}"
    # Another ConfigMap may have parts under the release's key, and the pod mounts both.
    key = contents.package_key(entry.name)
    return key if key in release.contents.binary else f"{entry.name}{_OVER_SUFFIX}"


def _require_complete(before: Contents, names: Iterable[str], index: Iterable[str]) -> None:
    missing = {*names} - {*index}
    if missing or contents.SCRIPT not in before.data:
        problem = "the release's ConfigMap is incomplete: somebody has edited it"
        raise DevcacheError(problem, hint="run helm upgrade to write it again")
