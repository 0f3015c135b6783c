"""The filter's flow: rendered manifests and a DevCache in, modified manifests out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender import labels, placement, result_cache
from postrender.crossplane.target import Target
from postrender.declared import declaration
from postrender.manifests import emit, stream
from postrender.manifests.stream import Document
from postrender.payload import contents, external, limits
from postrender.release import conflicts, deployment, objects, rewrite, size_limit
from postrender.release.rewrite import Additions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from postrender.declared.devcache import DevCache
    from postrender.manifests.nodes import Plain
    from postrender.payload.contents import Contents
    from postrender.payload.external import Parts
    from postrender.placement import LocalPackage
    from postrender.release.deployment import Deployment
    from postrender.release.size_limit import SizeLimits
    from postrender.result_cache import ResultCache


def render(
    manifests: bytes,
    config: DevCache | None,
    folder: Path,
    cache: ResultCache = result_cache.NO_CACHE,
) -> list[bytes]:
    """Return the modified manifests, in pieces.

    A function of its arguments and the package files alone: no clock, no chance, no environment.

    Args:
        manifests: The rendered manifests, as Helm 3 or Helm 4 pass them.
        config: The DevCache beside them, or None when it is one of their documents.
        folder: The folder that relative package paths start from.
        cache: Results of earlier runs: they save time, and change nothing.

    Raises:
        DevcacheError: The manifests, the DevCache or a package are invalid, or exclude each other.
    """
    documents = stream.split(manifests)
    declared = declaration.find(documents, config)
    if declared is None:
        return [manifests]  # the output of an earlier pass
    devcache = declared.devcache
    crossplane = deployment.find(declared.others, devcache.cache_volume)
    target = _target(crossplane, devcache)
    packages = placement.place(devcache.packages, target, folder, cache, offline=devcache.offline)
    sizes = size_limit.size_limits(devcache, crossplane, declared.ours, packages)
    parts = external.parts_of(packages, cache) if devcache.payload_apart else {}
    config_map = _config_map(crossplane, _contents(packages, parts, target, devcache, cache), sizes)
    added = [config_map, *objects.of_release(packages, target, devcache.revision)]
    conflicts.check(added, packages, crossplane.listed_packages, declared.others)
    additions = _additions(crossplane, packages, parts, sizes, devcache)
    rewritten = rewrite.rewrite(crossplane, additions)
    rest = [rewritten if each is crossplane.document else each for each in declared.others]
    modified = stream.join((*rest, *_documents(added, declared.origin)))
    if devcache.limit_release:
        limits.check_release(modified)
    return modified


def _target(crossplane: Deployment, devcache: DevCache) -> Target:
    """Return the Crossplane that the Deployment runs, whose cache must be at its usual place."""
    version = deployment.version(crossplane, devcache.crossplane_version)
    target = Target.of(version, where=crossplane.title, override="crossplaneVersion")
    deployment.require_cache_root(crossplane, target.layout.cache_root)
    return target


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
    return of_packages.with_text(record.RELEASED, of_release.text)


def _name(crossplane: Deployment) -> str:
    """Return the name of the release's ConfigMap."""
    return f"{crossplane.document.name}-devcache"


def _config_map(crossplane: Deployment, contents: Contents, sizes: SizeLimits) -> dict[str, Plain]:
    """Return the release's ConfigMap, which Kubernetes must not refuse."""
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


def _documents(added: list[dict[str, Plain]], origin: Document | None) -> Iterator[Document]:
    """Yield the added objects as documents of the template that `origin` came from.

    Helm 3 selects by the comment (`template --show-only`), Helm 4 by the annotation. helm-unittest
    takes everything between its comment and the next for one file.
    """
    comment = origin.origin_comment if origin else ""
    filename = origin.filename if origin else ""
    for value in objects.documents(added):
        named = objects.annotated(value, {labels.FILENAME: filename}) if filename else value
        yield Document(emit.document(named, comment=comment).encode(), line=0)
        comment = "" if comment.startswith("####") else comment
