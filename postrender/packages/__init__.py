"""Reads a package on disk, in any form, into a `Package`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.packages import (
    contents,
    directory,
    disk,
    documents,
    forms,
    metadata,
    package,
)
from postrender.packages.budget import Budget
from postrender.packages.file_results import FileResults
from postrender.packages.metadata import Dependency, PackageKind
from postrender.packages.package import PACKAGE_YAML, Member, Package, PackageYaml, Runtime

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from postrender.packages.documents import Document, DocumentError
    from postrender.packages.package import Form
    from postrender.result_cache import ResultCache

__all__ = [
    "Dependency",
    "Member",
    "Package",
    "PackageKind",
    "PackageYaml",
    "Runtime",
    "read",
]


def read(
    path: Path, *, ignore: Sequence[str] = (), cache: ResultCache = result_cache.NO_CACHE
) -> Package:
    """Return the package at `path`.

    Args:
        path: A package directory; an image in an archive (an .xpkg, an OCI archive, or one image of
            `docker save`, each also compressed with gzip) or in an OCI layout; or a package.yaml or
            its gzip.
        ignore: For a directory, patterns of files to leave out, relative to it, as for
            `crossplane xpkg build --ignore`.
        cache: The packages that earlier runs accepted.

    Raises:
        DevcacheError: The path cannot be read, or Crossplane would not accept the package; a
            `refusals.ForeignFilesError` if `ignore` can help.
    """
    kind = forms.kind_of(path)
    if kind == "directory":
        return _from_directory(path, ignore, cache)
    if kind == "package.yaml" or kind == "package.yaml.gz":  # noqa: PLR1714  # mypy narrows `kind`
        package_yaml = PackageYaml.of(forms.stream(path))
        where = disk.title(path)
        return _from_stream(path, package_yaml, Budget(), form=kind, where=where)
    return _from_image(path, cache, is_folder=kind == "OCI layout")


def _from_image(path: Path, cache: ResultCache, *, is_folder: bool) -> Package:
    from postrender.packages import archive  # noqa: PLC0415  # slow: tarfile; directories need none

    def read_again() -> bytes:
        return archive.read_again(path, image.digest, is_folder=is_folder)

    budget = Budget()
    with archive.open_image(path, budget, is_folder=is_folder) as image:
        # The registry digest covers all inputs.
        key = image.digest if image.size >= result_cache.SMALLEST else ""
        dump = cache.get(image.form, key) if key else None
        hit = dump and package.load(dump, read_again)
        if hit:
            return hit
        layer, content = image.package_yaml()
        runtime = image.runtime(layer)
    result = _from_stream(
        path,
        PackageYaml.of(content),
        budget,
        form=image.form,
        where=f"{disk.title(path)}: {PACKAGE_YAML}",
        registry_digest=image.digest,
        runtime=runtime,
    )
    if key:
        cache.put(package.dump(result), image.form, key)
    return result


def _from_stream(  # noqa: PLR0913  # the facts of each form
    path: Path,
    package_yaml: PackageYaml,
    budget: Budget,
    *,
    form: Form,
    where: str,
    registry_digest: str = "",
    runtime: Runtime | None = None,
) -> Package:
    stream = documents.split(package_yaml.content, budget, where=where, thorough=False)
    result = _package(
        path,
        ((PACKAGE_YAML, where, document) for document in stream),
        {},
        form=form,
        package_yaml=package_yaml,
        registry_digest=registry_digest,
    )
    # Crossplane runs no Configuration.
    return result if result.kind == "Configuration" else result._replace(runtime=runtime)


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
    bad: dict[str, DocumentError] = {}
    results = FileResults(cache if key else result_cache.NO_CACHE, path)
    documents_ = contents.documents_of(files, path, budget, bad, results)
    result = _package(path, documents_, bad, form="directory", package_yaml=package_yaml)
    if key:
        cache.put(package.dump(result), "directory", key)
        results.store()
    return result


def _package(  # noqa: PLR0913  # the facts of each form
    path: Path,
    documents_: Iterable[tuple[str, str, Document]],
    bad: Mapping[str, DocumentError],
    *,
    form: Form,
    package_yaml: PackageYaml,
    registry_digest: str = "",
) -> Package:
    """Return the package of documents.

    Args:
        path: The path of the package.
        documents_: The documents, each with the name and the title of its file.
        bad: The first refusal of each file, filled while the documents are read.
        form: The form of the package.
        package_yaml: The package.yaml.
        registry_digest: The digest in a registry, or "".
    """
    metas: list[tuple[str, str, Document]] = []
    members: list[Member] = []
    numbers: Counter[str] = Counter()
    for file, where, document in documents_:
        numbers[file] += 1
        if metadata.is_meta(document.identity):
            metas.append((file, where, document))
        else:
            members.append(Member(*document.identity, file, numbers[file]))
    if bad or len(metas) != 1:
        from postrender.packages import refusals  # noqa: PLC0415  # only refusals need it

        for refusal in refusals.of_contents(path, [file for file, _, _ in metas], members, bad):
            raise refusal
    ((meta_file, where, meta),) = metas
    head = metadata.read(meta.identity, meta.text, where=where)
    return Package(
        form=form,
        api_version=meta.identity.api_version,
        kind=head.kind,
        name=head.name,
        meta_file=meta_file,
        digest=registry_digest or package_yaml.digest,
        digest_is_registrys=registry_digest != "",
        crossplane=head.crossplane,
        image=head.image,
        dependencies=head.dependencies,
        members=tuple(members),
        runtime=None,
        package_yaml=package_yaml,
    )
