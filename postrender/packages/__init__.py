"""A package on disk, an .xpkg or a directory, as kind, name, package.yaml, digest and contents."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from postrender import results
from postrender.errors import DevcacheError
from postrender.packages import directory, disk, documents, metadata, package
from postrender.packages.metadata import Dependency, PackageKind
from postrender.packages.package import PACKAGE_YAML, Member, Package, PackageYaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from postrender.packages.documents import Document
    from postrender.results import Results

__all__ = [
    "Dependency",
    "Member",
    "Package",
    "PackageKind",
    "PackageYaml",
    "of_package_yaml",
    "read",
]

_LARGEST_PARSED = 1 << 20
"""Bytes of a file that is checked for YAML errors: a larger one was not written by hand."""


def read(
    path: Path, *, ignore: Sequence[str] = (), kept: Results = results.NOTHING_KEPT
) -> Package:
    """Return the package at `path`.

    Args:
        path: A package directory, or an archive: an .xpkg, or one image of `docker save`.
        ignore: For a directory, patterns of files and folders to leave out, relative to it, as for
            `crossplane xpkg build --ignore`.
        kept: What earlier runs found in packages that they did not refuse.

    Raises:
        DevcacheError: It cannot be read, or is not one package that Crossplane would read too.
    """
    if stat.S_ISDIR(disk.status(path).st_mode):
        return _from_directory(path, ignore, kept)
    return _from_archive(path, kept)


def _from_archive(path: Path, kept: Results) -> Package:
    from postrender.packages import archive  # noqa: PLC0415  # tarfile: most packages need none

    with archive.opened(path) as image:
        # A digest of the registry covers everything that the package follows from.
        key = image.digest if image.size >= results.WORTH_KEEPING else ""
        known = kept.find("archive", key) if key else None
        if known is not None:
            return package.loaded(known, lambda: archive.read_again(path, image.digest))
        package_yaml = PackageYaml.of(image.package_yaml())
    where = f"{disk.shown(path)}: {PACKAGE_YAML}"
    found = _from_stream(path, package_yaml, where, registry_digest=image.digest)
    if key:
        kept.keep(package.dumped(found), "archive", key)
    return found


def of_package_yaml(path: Path, content: bytes) -> Package:
    """Return the package that a package.yaml is, e.g. one that lay in a cache.

    Args:
        path: What messages call it.
        content: The stream of all its objects.

    Raises:
        DevcacheError: It is not one package that Crossplane would read.
    """
    return _from_stream(path, PackageYaml.of(content), disk.shown(path), registry_digest="")


def _from_stream(
    path: Path, package_yaml: PackageYaml, where: str, *, registry_digest: str
) -> Package:
    stream = documents.split(package_yaml.content, where=where, thorough=False)
    return _package(
        path,
        ((PACKAGE_YAML, where, document) for document in stream),
        package_yaml=package_yaml,
        registry_digest=registry_digest,
    )


def _from_directory(path: Path, ignore: Sequence[str], kept: Results) -> Package:
    files = directory.read(path, ignore)
    size = sum(len(file.content) for file in files)
    key = directory.digest(files) if size >= results.WORTH_KEEPING else ""
    known = kept.find("directory", key) if key else None
    if known is not None:
        return package.loaded(known, lambda: directory.joined(files))
    package_yaml = PackageYaml.of(directory.joined(files))
    found = _package(path, _documents(files, path), package_yaml=package_yaml, registry_digest="")
    if key:
        kept.keep(package.dumped(found), "directory", key)
    return found


def _documents(files: Iterable[directory.File], path: Path) -> Iterator[tuple[str, str, Document]]:
    for name, content in files:
        where = disk.shown(path / name)
        thorough = len(content) <= _LARGEST_PARSED
        for document in documents.split(content, where=where, thorough=thorough):
            yield name, where, document


def _package(
    path: Path,
    found: Iterable[tuple[str, str, Document]],
    *,
    package_yaml: PackageYaml,
    registry_digest: str,
) -> Package:
    """Return the package of these documents, each with its file and what messages call that."""
    metas: list[tuple[str, Document]] = []
    members: list[Member] = []
    for file, where, document in found:
        if metadata.is_meta(document.identity):
            metas.append((where, document))
        else:
            members.append(Member(*document.identity, file))
    where, meta = _only(metas, path)
    said = metadata.read(meta.identity, meta.text, where=where)
    return Package(
        api_version=meta.identity.api_version,
        kind=said.kind,
        name=said.name,
        digest=registry_digest or package_yaml.digest,
        digest_is_registrys=registry_digest != "",
        crossplane=said.crossplane,
        dependencies=said.dependencies,
        members=tuple(members),
        package_yaml=package_yaml,
    )


def _only(metas: Sequence[tuple[str, Document]], path: Path) -> tuple[str, Document]:
    """Return the meta object and where it is."""
    if len(metas) == 1:
        return metas[0]
    if not metas:
        problem = "no meta object: a Configuration, Provider or Function of meta.pkg.crossplane.io"
        raise DevcacheError(problem, where=disk.shown(path))
    places = ", ".join(sorted({where for where, _ in metas})[:3])
    problem = f"{len(metas)} meta objects, where a package has one (in {places})"
    raise DevcacheError(problem, where=disk.shown(path))
