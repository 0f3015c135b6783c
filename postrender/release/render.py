"""The steps of the filter, from rendered manifests and a DevCache to modified manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender import labels, placement, result_cache
from postrender.crossplane.target import Target
from postrender.declared import declaration
from postrender.manifests import emit, stream
from postrender.manifests.stream import Document
from postrender.payload import contents, external, limits
from postrender.release import (
    conflicts,
    deployment,
    imageconfigs,
    objects,
    rewrite,
    size_limit,
)
from postrender.release.rewrite import Additions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from postrender.declared.declaration import Declaration
    from postrender.declared.devcache import DevCache
    from postrender.manifests.nodes import Plain
    from postrender.payload.contents import Contents
    from postrender.payload.external import Parts
    from postrender.placement import LocalPackage
    from postrender.release.deployment import Deployment
    from postrender.release.size_limit import SizeLimits
    from postrender.release.split import ReleasePart
    from postrender.result_cache import ResultCache


class Modified(NamedTuple):
    """The changes to a release.

    Attributes:
        declared: The DevCache, and the documents of the release.
        documents: The documents that are not ours, with the rewritten Deployment.
        added: The added objects.
    """

    declared: Declaration
    documents: tuple[Document, ...]
    added: tuple[dict[str, Plain], ...]


def render(
    manifests: bytes,
    config: DevCache | None,
    folder: Path,
    cache: ResultCache = result_cache.NO_CACHE,
    part: ReleasePart | None = None,
) -> list[bytes]:
    """Return the modified manifests, in pieces.

    They depend only on the arguments and the package files: not on time, chance or environment.

    Args:
        manifests: The rendered manifests, as Helm 3 or Helm 4 pass them.
        config: The DevCache of `--config`, or None if the manifests contain the DevCache.
        folder: The folder that relative package paths start from.
        cache: Results of earlier runs, which only save time.
        part: The part of the modified manifests to return, or None for all.

    Raises:
        DevcacheError: The manifests, the DevCache or a package are invalid, or exclude each other.
    """
    documents = stream.split(manifests)
    modified = modify(documents, config, folder, cache)
    if modified is None:  # the output of an earlier pass
        return stream.join(_part(documents, part))
    devcache = modified.declared.devcache
    added = modified.added if devcache.argocd else objects.documents(modified.added)
    release = [*modified.documents, *_documents(added, modified.declared.origin)]
    joined = stream.join(release)
    if devcache.limit_release:
        limits.check_release(joined)
    return stream.join(_part(release, part)) if part else joined


def modify(
    documents: Sequence[Document], config: DevCache | None, folder: Path, cache: ResultCache
) -> Modified | None:
    """Return the changes to a release, or None for the output of an earlier pass.

    Args:
        documents: The documents of the release.
        config: See `render`.
        folder: See `render`.
        cache: See `render`.

    Raises:
        DevcacheError: See `render`.
    """
    declared = declaration.find(documents, config)
    if declared is None:
        return None
    devcache = declared.devcache
    crossplane = deployment.find(declared.others, devcache.cache_volume)
    target = _target(crossplane, devcache)
    packages = placement.place(devcache.packages, target, folder, cache, offline=devcache.offline)
    if not devcache.allow_unhealthy:
        _refuse_unhealthy(packages, target)
    sizes = size_limit.size_limits(devcache, crossplane, declared.ours, packages)
    parts = external.parts_of(packages, cache) if devcache.payload_apart else {}
    config_map = _config_map(crossplane, _contents(packages, parts, target, devcache, cache), sizes)
    names_user = "runAsUser" in crossplane.user
    values = objects.of_release(packages, target, devcache.revision, names_user=names_user)
    added = [config_map, *values]
    conflicts.check(added, packages, crossplane.listed_packages, declared.others)
    for refusal in imageconfigs.refusals(
        packages, target, declared.others, verifies_signatures=crossplane.verifies_signatures
    ):
        raise refusal
    additions = _additions(crossplane, packages, parts, sizes, devcache)
    rewritten = rewrite.rewrite(crossplane, additions)
    modified = tuple(
        rewritten if document is crossplane.document else document for document in declared.others
    )
    if devcache.argocd:
        from postrender.release import argocd  # noqa: PLC0415  # Helm does not need it

        added = argocd.annotated(added)
    return Modified(declared, modified, tuple(added))


def _target(crossplane: Deployment, devcache: DevCache) -> Target:
    """Return the Crossplane that the Deployment runs; its cache must be at the usual place."""
    version = deployment.version(crossplane, devcache.crossplane_version)
    target = Target.of(version, where=crossplane.title, override="crossplaneVersion")
    deployment.require_cache_root(crossplane, target.layout.cache_root)
    return target


def _refuse_unhealthy(packages: Sequence[LocalPackage], target: Target) -> None:
    """Refuse packages that can never become Healthy."""
    if any(package.dependencies or package.on_disk.crossplane for package in packages):
        from postrender import requirements  # noqa: PLC0415  # slow: the patterns of ranges

        requirements.require(packages, target)


def _contents(
    packages: Sequence[LocalPackage],
    parts: Parts,
    target: Target,
    devcache: DevCache,
    cache: ResultCache,
) -> Contents:
    """Return the contents of the release's ConfigMap."""
    of_packages = contents.of_release(packages, parts, cache)
    if not devcache.live:
        return of_packages
    from postrender.payload import record  # noqa: PLC0415  # only live mode writes JSON

    of_release = record.of_release(packages, target.version, devcache.revision)
    of_release = of_release._replace(allow_unhealthy=devcache.allow_unhealthy)
    return of_packages.with_text(record.RELEASED, of_release.text)


def _name(crossplane: Deployment) -> str:
    """Return the name of the release's ConfigMap."""
    return f"{crossplane.document.name}-devcache"


def _config_map(crossplane: Deployment, contents: Contents, sizes: SizeLimits) -> dict[str, Plain]:
    """Return the release's ConfigMap, or refuse one that Kubernetes would refuse."""
    name, namespace = _name(crossplane), crossplane.document.namespace
    limits.check_config_map(contents, where=f"ConfigMap {name}")
    return objects.config_map(name, namespace, contents, sizes.rendered)


def _additions(
    crossplane: Deployment,
    packages: Sequence[LocalPackage],
    parts: Parts,
    sizes: SizeLimits,
    devcache: DevCache,
) -> Additions:
    """Return the additions to the Deployment."""
    return Additions(
        config_maps=(*external.config_maps(parts), _name(crossplane)),
        checksum=contents.checksum(packages, devcache.revision),
        mount_path=devcache.mount_path,
        copier=devcache.copier,
        size_limit=sizes.required,
        live=devcache.live,
    )


def _part(documents: Sequence[Document], part: ReleasePart | None) -> Sequence[Document]:
    """Return the documents of a part, or all documents."""
    if part is None:
        return documents
    from postrender.release import split  # noqa: PLC0415  # Helm needs all documents

    return split.part_of(documents, part)


def _documents(values: Iterable[dict[str, Plain]], origin: Document | None) -> Iterator[Document]:
    """Yield the added objects as documents of the template that `origin` came from.

    `helm template --show-only` selects by the comment in Helm 3, and by the annotation in Helm 4.
    For helm-unittest, everything between its comment and the next one is one file.
    """
    comment = origin.origin_comment if origin else ""
    filename = origin.filename if origin else ""
    for value in values:
        manifest = objects.annotated(value, {labels.FILENAME: filename}) if filename else value
        yield Document(emit.document(manifest, comment=comment).encode(), line=0)
        comment = "" if comment.startswith("####") else comment
