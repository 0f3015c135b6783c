"""What a push changes: packages on disk against what the release has; nothing is written here."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from postrender import results
from postrender.errors import DevcacheError, quoted
from postrender.live.release import PUSHED_SUFFIX, Contents
from postrender.release import ceilings, packing, payload, record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from postrender.cache.placement import Placed
    from postrender.live.release import Release
    from postrender.release.record import Entry
    from postrender.results import Results


_OVER_SUFFIX = ".over.xz"
"""What ends the key of a package that is pushed over one that is apart from the release. It is the
release's, as the index that names it is: both are written at once, or neither."""


@dataclass(frozen=True)
class Change:
    """What becomes of one package.

    Attributes:
        placed: The package, as it is on disk.
        entry: What the release is to have of it.
        state: Whether the release has it: not at all, with another content, or just so.
    """

    placed: Placed
    entry: Entry
    state: Literal["new", "changed", "same"]

    @property
    def name(self) -> str:
        """The name of the package object."""
        return self.entry.name

    @property
    def is_declared(self) -> bool:
        """Whether the release declares the package; else only a push has brought it."""
        return self.entry.released != ""


@dataclass(frozen=True)
class Plan:
    """The outcome of a plan.

    Attributes:
        changes: What becomes of each package.
        contents: What the ConfigMap is to hold.
    """

    changes: tuple[Change, ...]
    contents: Contents

    @property
    def writes(self) -> bool:
        """Whether there is something to write."""
        return any(change.state != "same" for change in self.changes)


def push(release: Release, placed: Sequence[Placed], kept: Results = results.NOTHING_KEPT) -> Plan:
    """Return what a push of packages changes.

    Args:
        release: The release, as it is.
        placed: The packages.
        kept: Results of earlier runs.

    Raises:
        DevcacheError: A package is not the one that the release declares under its name, excludes
            another one, or all of them together are too large.
    """
    changes = tuple(_change(release, one) for one in placed)
    entries = {**release.entries, **{change.name: change.entry for change in changes}}
    for change in changes:
        _require_distinct(change.entry, entries.values())
    written = [change for change in changes if change.state != "same"]
    packed = packing.packed([one.placed.package.package_yaml for one in written], kept)
    names = [change.name for change in written]
    contents = _contents(release, entries, dict(zip(names, packed, strict=True)))
    size = ceilings.config_map_size({"data": {**contents.data}, "binaryData": {**contents.binary}})
    if size > ceilings.CONFIG_MAP:
        problem = (
            f"too large for a push: all packages, packed, would be {size:,} bytes, and a ConfigMap"
            f" holds {ceilings.CONFIG_MAP:,}"
        )
        raise DevcacheError(problem, hint="bring it in by helm upgrade, with payload: apart")
    return Plan(changes, contents)


def told(release: Release, names: Iterable[str]) -> Contents:
    """Return what the ConfigMap is to hold when Crossplane has been told of packages."""
    told = {name: release.entries[name]._replace(told=True) for name in names}
    return _contents(release, {**release.entries, **told}, {})


def unload(release: Release, name: str) -> Contents:
    """Return what the ConfigMap is to hold without a package that a push added.

    Raises:
        DevcacheError: The release declares it, or it is not there.
    """
    if name in release.record.packages:
        problem = f"the release declares {quoted(name)}"
        raise DevcacheError(problem, hint="remove it from the values, and run helm upgrade")
    if name not in release.pushed.packages:
        names = ", ".join(sorted(release.entries.keys() - release.record.packages)) or "none"
        problem = f"no push has added a package {quoted(name)}"
        raise DevcacheError(problem, hint=f"pushed: {names}")
    left = {key: one for key, one in release.entries.items() if key != name}
    return _contents(release, left, {})


def _change(release: Release, one: Placed) -> Change:
    declared = release.record.packages.get(one.name)
    before = declared or release.pushed.packages.get(one.name)
    entry = _renewed(declared, one) if declared else record.entry(one, released="")
    if before is None or entry._replace(told=before.told) != before:
        untold = entry._replace(told=release.layout.keyed_by == "digest")
        return Change(one, untold, "changed" if before else "new")
    return Change(one, before, "same")


def _renewed(before: Entry, one: Placed) -> Entry:
    where = f"package {one.name}"
    if before.kind != one.package.kind:
        problem = f"it is a {one.package.kind}, and the release has a {before.kind} of that name"
        raise DevcacheError(problem, where=where, hint="run helm upgrade to replace it")
    if before.package != one.declared.reference.text:
        problem = f"the release has it as {quoted(before.package)}"
        raise DevcacheError(problem, where=where, hint="run helm upgrade to rename it")
    return record.renewed(before, one)


def _require_distinct(one: Entry, others: Iterable[Entry]) -> None:
    for other in others:
        if other.name == one.name:
            continue
        where = f"packages {one.name} and {other.name}"
        if one.install and other.install and one.reference.source == other.reference.source:
            problem = f"both have the source {quoted(one.reference.source)}"
            raise DevcacheError(problem, where=where, hint="Crossplane installs each source once")
        if one.file == other.file:
            problem = f"both would be the cache file {quoted(one.file)}"
            raise DevcacheError(problem, where=where, hint="give one of them another `package`")


def _contents(
    release: Release, entries: Mapping[str, Entry], packed: Mapping[str, bytes]
) -> Contents:
    """Return the contents with these packages: those of `packed` anew, all others as they were."""
    before = release.contents
    declared = [one for one in entries.values() if one.released]
    pushed = [one for one in entries.values() if not one.released]
    # Of a package that the release has come to declare, its own line counts.
    lines = {**_lines(before, payload.PUSHED_INDEX), **_lines(before, payload.INDEX)}
    binary: dict[str, str] = {}
    for name, entry in entries.items():
        keys = _keys(lines.get(name, ""))
        if name in packed:
            keys = [_key(release, entry)]
            lines[name] = payload.index_line(packed[name], entry.content, keys[0], entry.file)
            binary[keys[0]] = base64.b64encode(packed[name]).decode("ascii")
        binary |= {key: before.binary[key] for key in keys if key in before.binary.keys() - binary}
    _require_whole(before, entries, lines)
    data = {
        payload.SCRIPT: before.data[payload.SCRIPT],
        payload.INDEX: "".join(lines[one.name] for one in declared),
        record.RELEASED: _text(release.record, declared),
    }
    if pushed:
        data[payload.PUSHED_INDEX] = "".join(lines[one.name] for one in pushed)
        data[record.PUSHED] = _text(release.record, pushed)
    return Contents(data, binary)


def _key(release: Release, entry: Entry) -> str:
    if not entry.released:
        return f"{entry.name}{PUSHED_SUFFIX}"
    # What is apart from the release may have parts under the release's key, and the pod has both.
    own = payload.file(entry.name)
    return own if own in release.contents.binary else f"{entry.name}{_OVER_SUFFIX}"


def _require_whole(held: Contents, entries: Iterable[str], lines: Iterable[str]) -> None:
    missing = sorted({*entries} - {*lines})
    if missing or payload.SCRIPT not in held.data:
        problem = "the release's ConfigMap is not whole: somebody has changed it by hand"
        raise DevcacheError(problem, hint="run helm upgrade, which writes it anew")


def _lines(held: Contents, index: str) -> dict[str, str]:
    """Return the lines of an index, by the name of the package."""
    lines = held.data.get(index, "").splitlines(keepends=True)
    return {keys[0].partition(".")[0]: line for line in lines for keys in [_keys(line)]}


def _keys(line: str) -> list[str]:
    """Return the keys of the ConfigMaps that a line of an index names."""
    parts = line.split()
    return parts[2].split(",") if parts else []


def _text(before: record.Record, entries: Iterable[Entry]) -> str:
    return record.text(before._replace(packages={one.name: one for one in entries}))
