"""The packages of a push: those of values files or paths, or all packages of the release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from postrender import packages, placement, result_cache
from postrender.crossplane import references
from postrender.declared import devcache, values
from postrender.declared.devcache import DEFAULT_REGISTRY, EMBEDDED, PackageDeclaration, Settings
from postrender.declared.files import title
from postrender.errors import DevcacheError, quoted, raise_refusal
from postrender.packages.refusals import ForeignFilesError
from postrender.payload import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.live.releases import Release
    from postrender.payload.record import RecordedPackage
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache


def local_packages(
    release: Release,
    declarations: Iterable[PackageDeclaration],
    cache: ResultCache = result_cache.NO_CACHE,
) -> tuple[LocalPackage, ...]:
    """Read packages from disk, and return them with their files in the cache of the release.

    Args:
        release: The release.
        declarations: The packages.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: A package cannot be read, or Crossplane would refuse it.
    """
    return placement.place(declarations, release.target, Path(), cache)


def of_values(
    values_files: Sequence[Path], *, relative_to_file: bool = False
) -> tuple[PackageDeclaration, ...]:
    """Return the packages that values files of our chart declare.

    Args:
        values_files: The files, or none.
        relative_to_file: See `values.load`.

    Raises:
        DevcacheError: A file cannot be read, or its `devcache` block is invalid.
    """
    if not values_files:
        return ()
    all_values = values.load(values_files, relative_to_file=relative_to_file)
    return devcache.read(all_values.under("devcache"), refuse=raise_refusal).packages


def choose(
    release: Release,
    paths: Sequence[Path],
    declarations: Sequence[PackageDeclaration],
    cache: ResultCache = result_cache.NO_CACHE,
) -> tuple[PackageDeclaration, ...]:
    """Return the packages to push.

    Args:
        release: The release.
        paths: Packages on disk; none for all declared packages.
        declarations: The packages of values files, or none for the packages of the release at the
            paths of its last helm command.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: A path is not a package, two paths are the same package, there is no package,
            or values files declare a setting that only helm upgrade changes.
    """
    for declaration in declarations:
        _require_settings(release, declaration)
    if not paths:
        entries = release.record.packages.values()
        all_declarations = tuple(
            declarations or (of_release(entry, Path(entry.path)) for entry in entries)
        )
        if not all_declarations:
            problem = "there is nothing to push: the release declares no package"
            raise DevcacheError(problem, hint="name a package directory or an .xpkg file")
        return all_declarations
    selected = [_declaration(release, path, declarations, cache) for path in paths]
    names = [declaration.name for declaration in selected]
    for name in names:
        if names.count(name) > 1:
            problem = f"two of the paths are the package {quoted(name)}"
            raise DevcacheError(problem, hint="push one of them")
    return tuple(selected)


def _require_settings(release: Release, declaration: PackageDeclaration) -> None:
    entry = release.record.packages.get(declaration.name)
    if entry and entry.settings != record.settings(declaration):
        problem = "the release was rendered with another image, spec, install or ignore"
        hint = "a push changes only the content: run helm upgrade"
        raise DevcacheError(problem, where=f"package {declaration.name}", hint=hint)


def _declaration(
    release: Release, path: Path, declarations: Sequence[PackageDeclaration], cache: ResultCache
) -> PackageDeclaration:
    """Return the declaration of a path: from a values file, the release or a push, or a new one."""
    for declaration in declarations:
        if _same_file(Path(declaration.path), path):
            return declaration
    for entry in release.record.packages.values():
        if _same_file(Path(entry.path), path):
            return of_release(entry, path)
    try:
        package = packages.read(path, cache=cache)
    except ForeignFilesError as error:
        raise error.declared(()) from error
    name = package.name
    devcache.check_name(name, where=f"the package at {title(path)}")
    for declaration in declarations:
        if declaration.name == name:
            return declaration._replace(path=str(path))
    if name in release.record.packages:
        return of_release(release.record.packages[name], path)
    settings = Settings(EMBEDDED if package.runtime else "")
    if name in release.push_record.packages:
        entry = release.push_record.packages[name]
        reference, ignore, install = entry.reference, entry.ignore, entry.install
        return PackageDeclaration(name, str(path), reference, ignore, install, settings)
    text = f"{DEFAULT_REGISTRY}/{name}:v0.0.0"
    reference = references.parse(text, where=f"package {name}")
    return PackageDeclaration(name, str(path), reference, settings=settings)


def of_release(entry: RecordedPackage, path: Path) -> PackageDeclaration:
    """Return the declaration of a package of the release; a push does not change its object."""
    settings = Settings(EMBEDDED) if entry.image else None
    return PackageDeclaration(
        entry.name, str(path), entry.reference, entry.ignore, entry.install, settings
    )


def _same_file(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except (OSError, ValueError):
        return False
