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

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from postrender.declared.devcache import DevCache
    from postrender.manifests.nodes import Plain
    from postrender.payload.contents import Contents
    from postrender.payload.external import Parts
    from postrender.placement import LocalPackage
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
    devcache, others = declared.devcache, declared.others
    crossplane = deployment.find(others, devcache.cache_volume)
    target = _target(devcache, crossplane)
    packages = placement.place(devcache.packages, target, folder, cache, offline=devcache.offline)
    sizes = size_limit.size_limits(devcache, crossplane, declared.ours, packages)
    parts = external.parts_of(packages, cache) if devcache.payload_apart else {}
    name = f"{crossplane.document.name}-devcache"
    config_map = objects.config_map(
        name,
        crossplane.document.namespace,
        _contents(devcache, packages, target, parts, cache, where=f"ConfigMap {name}"),
        sizes.rendered,
    )
    added = [config_map, *objects.of_release(packages, target, devcache.revision)]
    conflicts.check(added, packages, crossplane.listed_packages, others)
    additions = rewrite.Additions(
        config_maps=(*external.config_maps(parts), name),
        checksum=contents.checksum(packages, devcache.revision),
        mount_path=devcache.mount_path,
        copier=devcache.copier,
        size_limit=sizes.required,
        live=devcache.live,
    )
    rewritten = rewrite.rewrite(crossplane, additions)
    rest = [rewritten if each is crossplane.document else each for each in others]
    modified = stream.join((*rest, *_documents(added, declared.origin)))
    if devcache.limit_release:
        limits.check_release(modified)
    return modified


def _target(devcache: DevCache, crossplane: deployment.Deployment) -> Target:
    version = deployment.version(crossplane, devcache.crossplane_version)
    target = Target.of(version, where=crossplane.title, override="crossplaneVersion")
    deployment.require_cache_root(crossplane, target.layout.cache_root)
    return target


def _contents(  # noqa: PLR0913  # the inputs of the ConfigMap
    devcache: DevCache,
    packages: Sequence[LocalPackage],
    target: Target,
    parts: Parts,
    cache: ResultCache,
    *,
    where: str,
) -> Contents:
    """Return the contents of the release's ConfigMap, which Kubernetes must not refuse."""
    result = contents.of_release(packages, parts, cache)
    if devcache.live:
        from postrender.payload import record  # noqa: PLC0415  # only live mode writes JSON

        of_release = record.of_release(packages, target.version, devcache.revision)
        result = result.with_text(record.RELEASED, of_release.text)
    limits.check_config_map(result, where=where)
    return result


def _documents(added: list[dict[str, Plain]], origin: Document | None) -> Iterator[Document]:
    """Yield the added objects as documents of the template that `origin` came from.

    Helm 3 selects by the comment (`template --show-only`), Helm 4 by the annotation. helm-unittest
    takes everything between its comment and the next for one file.
    """
    comment = origin.origin_comment if origin else ""
    filename = origin.filename if origin else ""
    for document in objects.documents(added):
        value = document
        if filename:
            value = objects.annotated(document, {labels.FILENAME: filename})
        yield Document(emit.document(value, comment=comment).encode(), line=0)
        comment = "" if comment.startswith("####") else comment
