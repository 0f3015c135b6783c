"""Which packages a push is about: those of values, or paths that a release or nobody declares."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from postrender import packages, results
from postrender.cache import placement, references
from postrender.declared import devcache, values
from postrender.declared.devcache import DEFAULT_REGISTRY, DevCache, LocalPackage
from postrender.declared.files import shown
from postrender.errors import DevcacheError, quoted, raised
from postrender.release import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.cache.placement import Placed
    from postrender.live.release import Release
    from postrender.release.record import Entry
    from postrender.results import Results


def placed(
    release: Release, wanted: Iterable[LocalPackage], kept: Results = results.NOTHING_KEPT
) -> tuple[Placed, ...]:
    """Return packages, read from disk and placed as the release's Crossplane looks for them.

    Args:
        release: The release.
        wanted: The packages.
        kept: Results of earlier runs.

    Raises:
        DevcacheError: One cannot be read, or Crossplane would refuse it.
    """
    declared = DevCache(packages=tuple(wanted))
    return placement.place(declared, release.record.version, release.layout, Path(), kept)


def declared(values_files: Sequence[Path]) -> tuple[LocalPackage, ...]:
    """Return the packages that values files of our chart declare.

    Raises:
        DevcacheError: A file cannot be read, or declares something else than packages there.
    """
    if not values_files:
        return ()
    return devcache.read(values.load(values_files).under("devcache"), refuse=raised).packages


def choose(
    release: Release,
    paths: Sequence[Path],
    declared: Sequence[LocalPackage],
    kept: Results = results.NOTHING_KEPT,
) -> tuple[LocalPackage, ...]:
    """Return the packages that are asked for.

    Args:
        release: The release.
        paths: Packages on disk; none for all that is declared.
        declared: What values files declare; nothing for what the release does, at the paths that
            it was rendered from.
        kept: Results of earlier runs.

    Raises:
        DevcacheError: A path is no package, two of them are one, there is none at all, or values
            declare of one what only helm upgrade brings.
    """
    for one in declared:
        _require_settings(release, one)
    if not paths:
        entries = release.record.packages.values()
        every = tuple(declared or (known(one, Path(one.path)) for one in entries))
        if not every:
            problem = "there is nothing to push: the release declares no package"
            raise DevcacheError(problem, hint="name a package directory or an .xpkg file")
        return every
    chosen = [_chosen(release, path, declared, kept) for path in paths]
    names = [one.name for one in chosen]
    for one in chosen:
        if names.count(one.name) > 1:
            problem = f"two of the paths are the package {quoted(one.name)}"
            raise DevcacheError(problem, hint="push one of them")
    return tuple(chosen)


def _require_settings(release: Release, one: LocalPackage) -> None:
    entry = release.record.packages.get(one.name)
    if entry and entry.settings != record.settings(one):
        problem = "the release was rendered with another image, spec, install or ignore"
        hint = "a push brings content only: run helm upgrade"
        raise DevcacheError(problem, where=f"package {one.name}", hint=hint)


def _chosen(
    release: Release, path: Path, declared: Sequence[LocalPackage], kept: Results
) -> LocalPackage:
    for one in declared:
        if _same_file(Path(one.path), path):
            return one
    for entry in release.record.packages.values():
        if _same_file(Path(entry.path), path):
            return known(entry, path)
    name = packages.read(path, kept=kept).name
    devcache.check_name(name, where=f"the package at {shown(path)}")
    by_name = next((one for one in declared if one.name == name), None)
    if by_name:
        return by_name._replace(path=str(path))
    if name in release.record.packages:
        return known(release.record.packages[name], path)
    if pushed := release.pushed.packages.get(name):
        return LocalPackage(name, str(path), pushed.reference, pushed.ignore, pushed.install)
    text = f"{DEFAULT_REGISTRY}/{name}:v0.0.0"
    return LocalPackage(name, str(path), references.parse(text, where=f"package {name}"))


def known(entry: Entry, path: Path) -> LocalPackage:
    """Return a package as the release declares it, without what its objects are: they stay."""
    return LocalPackage(entry.name, str(path), entry.reference, entry.ignore, install=False)


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
