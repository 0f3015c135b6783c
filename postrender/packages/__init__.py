"""A package on disk, an .xpkg or a directory, as kind, name, package.yaml, digest and contents."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError
from postrender.packages import archive, directory, disk, documents, metadata
from postrender.packages.imagedigest import sha256
from postrender.packages.layers import PACKAGE_YAML
from postrender.packages.metadata import Dependency, PackageKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from postrender.packages.documents import Document

__all__ = ["Dependency", "Member", "Package", "PackageKind", "of_package_yaml", "read"]

_LARGEST_PARSED = 1 << 20
"""Bytes of a file that is checked for YAML errors: a larger one was not written by hand."""


@dataclass(frozen=True)
class Member:
    """One object of a package, beside its meta object."""

    api_version: str
    kind: str

    file: str
    """Its file inside the directory, with slashes; `package.yaml` for an archive."""


@dataclass(frozen=True)
class Package:
    """A package on disk."""

    api_version: str
    """The apiVersion of its meta object."""

    kind: PackageKind

    name: str
    """`metadata.name` of its meta object."""

    package_yaml: bytes
    """The stream of all its objects: what Crossplane's cache holds, before gzip."""

    digest: str
    """`sha256:<hex>`."""

    digest_is_registrys: bool
    """Whether a registry gives this digest for `crossplane xpkg push` of the file.

    Otherwise it is that of `package_yaml`: a directory has no other, nor has an archive that a push
    would change.
    """

    crossplane: str
    """The range of Crossplane versions that it works with, or ""."""

    dependencies: tuple[Dependency, ...]
    members: tuple[Member, ...]

    @cached_property
    def content_digest(self) -> str:
        """The digest of `package_yaml`, `sha256:<hex>`."""
        return sha256(self.package_yaml) if self.digest_is_registrys else self.digest


def read(path: Path, *, ignore: Sequence[str] = ()) -> Package:
    """Return the package at `path`.

    Args:
        path: A package directory, or an archive: an .xpkg, or one image of `docker save`.
        ignore: For a directory, patterns of files and folders to leave out, relative to it, as for
            `crossplane xpkg build --ignore`.

    Raises:
        DevcacheError: It cannot be read, or is not one package that Crossplane would read too.
    """
    if stat.S_ISDIR(disk.status(path).st_mode):
        return _from_directory(path, ignore)
    return _from_archive(path)


def _from_archive(path: Path) -> Package:
    image = archive.read(path)
    where = f"{disk.shown(path)}: {PACKAGE_YAML}"
    return _from_stream(path, image, where)


def of_package_yaml(path: Path, package_yaml: bytes) -> Package:
    """Return the package that a package.yaml is, e.g. one that lay in a cache.

    Args:
        path: What messages call it.
        package_yaml: The stream of all its objects.

    Raises:
        DevcacheError: It is not one package that Crossplane would read.
    """
    image = archive.Image(package_yaml, sha256(package_yaml), digest_is_registrys=False)
    return _from_stream(path, image, disk.shown(path))


def _from_stream(path: Path, image: archive.Image, where: str) -> Package:
    stream = documents.split(image.package_yaml, where=where, thorough=False)
    found = ((PACKAGE_YAML, where, document) for document in stream)
    return _package(
        path,
        found,
        package_yaml=image.package_yaml,
        digest=image.digest,
        digest_is_registrys=image.digest_is_registrys,
    )


def _from_directory(path: Path, ignore: Sequence[str]) -> Package:
    files = directory.read(path, ignore)
    package_yaml = directory.joined(files)
    return _package(
        path,
        _documents(files, path),
        package_yaml=package_yaml,
        digest=sha256(package_yaml),
        digest_is_registrys=False,
    )


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
    package_yaml: bytes,
    digest: str,
    digest_is_registrys: bool,
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
        package_yaml=package_yaml,
        digest=digest,
        digest_is_registrys=digest_is_registrys,
        crossplane=said.crossplane,
        dependencies=said.dependencies,
        members=tuple(members),
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
