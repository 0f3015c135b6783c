"""Reads a package on disk, an .xpkg or a directory, into a `Package`."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.errors import DevcacheError
from postrender.packages import directory, disk, documents, metadata, package
from postrender.packages.budget import Budget
from postrender.packages.metadata import Dependency, PackageKind
from postrender.packages.package import PACKAGE_YAML, Member, Package, PackageYaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from postrender.packages.documents import Document
    from postrender.result_cache import ResultCache

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
"""The largest file in bytes that is checked for YAML errors: a larger one is generated."""


def read(
    path: Path, *, ignore: Sequence[str] = (), cache: ResultCache = result_cache.NO_CACHE
) -> Package:
    """Return the package at `path`.

    Args:
        path: A package directory, or an archive: an .xpkg, or one image of `docker save`.
        ignore: For a directory, patterns of files and folders to leave out, relative to it, as for
            `crossplane xpkg build --ignore`.
        cache: The packages that earlier runs accepted.

    Raises:
        DevcacheError: The path cannot be read, or Crossplane would not accept the package.
    """
    if stat.S_ISDIR(disk.status(path).st_mode):
        return _from_directory(path, ignore, cache)
    return _from_archive(path, cache)


def _from_archive(path: Path, cache: ResultCache) -> Package:
    from postrender.packages import archive  # noqa: PLC0415  # slow: tarfile; directories need none

    budget = Budget()
    with archive.open_image(path, budget) as image:
        # The registry digest covers all inputs.
        key = image.digest if image.size >= result_cache.SMALLEST else ""
        dump = cache.get("archive", key) if key else None
        hit = dump and package.load(dump, lambda: archive.read_again(path, image.digest))
        if hit:
            return hit
        package_yaml = PackageYaml.of(image.package_yaml())
    where = f"{disk.title(path)}: {PACKAGE_YAML}"
    result = _from_stream(path, package_yaml, budget, where=where, registry_digest=image.digest)
    if key:
        cache.put(package.dump(result), "archive", key)
    return result


def of_package_yaml(path: Path, content: bytes) -> Package:
    """Return the package of a package.yaml, e.g. of a file from a cache.

    Args:
        path: The path of the file, for error messages.
        content: The content: the stream of all objects.

    Raises:
        DevcacheError: Crossplane would not accept the package.
    """
    where = disk.title(path)
    return _from_stream(path, PackageYaml.of(content), Budget(), where=where, registry_digest="")


def _from_stream(
    path: Path, package_yaml: PackageYaml, budget: Budget, *, where: str, registry_digest: str
) -> Package:
    stream = documents.split(package_yaml.content, budget, where=where, thorough=False)
    return _package(
        path,
        ((PACKAGE_YAML, where, document) for document in stream),
        package_yaml=package_yaml,
        registry_digest=registry_digest,
    )


def _from_directory(path: Path, ignore: Sequence[str], cache: ResultCache) -> Package:
    budget = Budget()
    files = directory.read(path, ignore, budget)
    size = sum(len(file.content) for file in files)
    key = directory.digest(files) if size >= result_cache.SMALLEST else ""
    dump = cache.get("directory", key) if key else None
    hit = dump and package.load(dump, lambda: directory.join(files))
    if hit:
        return hit
    package_yaml = PackageYaml.of(directory.join(files))
    documents_ = _documents(files, path, budget)
    result = _package(path, documents_, package_yaml=package_yaml, registry_digest="")
    if key:
        cache.put(package.dump(result), "directory", key)
    return result


def _documents(
    files: Iterable[directory.File], path: Path, budget: Budget
) -> Iterator[tuple[str, str, Document]]:
    for name, content in files:
        where = disk.title(path / name)
        thorough = len(content) <= _LARGEST_PARSED
        for document in documents.split(content, budget, where=where, thorough=thorough):
            yield name, where, document


def _package(
    path: Path,
    documents_: Iterable[tuple[str, str, Document]],
    *,
    package_yaml: PackageYaml,
    registry_digest: str,
) -> Package:
    """Return the package of documents; each comes with its file's name and title."""
    metas: list[tuple[str, Document]] = []
    members: list[Member] = []
    for file, where, document in documents_:
        if metadata.is_meta(document.identity):
            metas.append((where, document))
        else:
            members.append(Member(*document.identity, file))
    where, meta = _only(metas, path)
    head = metadata.read(meta.identity, meta.text, where=where)
    return Package(
        api_version=meta.identity.api_version,
        kind=head.kind,
        name=head.name,
        digest=registry_digest or package_yaml.digest,
        digest_is_registrys=registry_digest != "",
        crossplane=head.crossplane,
        image=head.image,
        dependencies=head.dependencies,
        members=tuple(members),
        package_yaml=package_yaml,
    )


def _only(metas: Sequence[tuple[str, Document]], path: Path) -> tuple[str, Document]:
    """Return the one meta object and the title of its file."""
    if len(metas) == 1:
        return metas[0]
    if not metas:
        problem = "no meta object: a Configuration, Provider or Function of meta.pkg.crossplane.io"
        raise DevcacheError(problem, where=disk.title(path))
    places = ", ".join(sorted({where for where, _ in metas})[:3])
    problem = f"{len(metas)} meta objects (in {places}), but a package has one"
    raise DevcacheError(problem, where=disk.title(path))
