"""The flow: rendered manifests and a DevCache in, modified manifests out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender import results
from postrender.cache import layouts, placement
from postrender.declared import declaration
from postrender.manifests import emit, stream
from postrender.manifests.stream import FILENAME_ANNOTATION, Document
from postrender.release import (
    apart,
    ceilings,
    conflicts,
    crossplane,
    deployment,
    objects,
    payload,
    sizing,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.declared.devcache import DevCache
    from postrender.manifests.nodes import Plain
    from postrender.results import Results


def render(
    rendered: bytes,
    config: DevCache | None,
    folder: Path,
    kept: Results = results.NOTHING_KEPT,
) -> list[bytes]:
    """Return the modified manifests, in pieces.

    A function of its arguments and the package files alone: no clock, no chance, no environment.

    Args:
        rendered: The rendered manifests, as Helm 3 or Helm 4 pass them.
        config: The DevCache given beside them, or None when it stands among them.
        folder: What relative package paths are relative to.
        kept: Results of earlier runs: they save time, and change nothing.

    Raises:
        DevcacheError: The manifests, the DevCache or a package are not as they must be, or do
            not go together.
    """
    documents = stream.split(rendered)
    declared = declaration.find(documents, config)
    if declared is None:
        return [rendered]  # the output of an earlier pass
    devcache, others = declared.devcache, declared.others

    deployed = crossplane.find(others, devcache.cache_volume)
    version = crossplane.version(deployed, devcache.crossplane_version)
    layout = layouts.layout_of(version, where=deployed.title, override="crossplaneVersion")
    crossplane.require_cache_root(deployed, layout.cache_root)

    placed = placement.place(devcache, version, layout, folder, kept)
    limits = sizing.size_limits(devcache, deployed, declared.ours, placed)
    parts = apart.parts_of(placed, kept) if devcache.payload_apart else {}
    contents = payload.contents(placed, parts, kept)
    revision = ""
    if devcache.live:
        from postrender.release import record  # noqa: PLC0415  # only live mode writes JSON

        revision = devcache.release_revision
        contents = record.added(contents, record.of_release(placed, version, revision))
    config_map = f"{deployed.document.name}-devcache"
    ceilings.check_config_map(contents, where=f"ConfigMap {config_map}")
    namespace = deployed.document.namespace
    added = [
        objects.config_map(config_map, namespace, contents, limits.charts),
        *objects.package_objects(placed, layout, installed_only=True, release_revision=revision),
    ]
    conflicts.check_names(added, others)
    taken = conflicts.installed_sources(deployed.listed_packages, others)
    for refusal in conflicts.taken_sources(placed, taken):
        raise refusal

    rewritten = deployment.rewrite(
        deployed,
        deployment.Additions(
            config_maps=(*apart.config_maps(parts), config_map),
            checksum=payload.checksum(placed, revision),
            mount_path=devcache.mount_path,
            copier=devcache.copier,
            size_limit=limits.wanted,
            live=devcache.live,
        ),
    )
    left = (rewritten if one is deployed.document else one for one in others)
    modified = stream.join((*left, *_documents(added, declared.origin)))
    if devcache.limit_release:
        ceilings.check_release(modified)
    return modified


def _documents(added: list[dict[str, Plain]], origin: Document | None) -> Iterator[Document]:
    """Yield the added objects as documents of the template that `origin` came from.

    Helm 3 selects by the comment (`template --show-only`), Helm 4 by the annotation. helm-unittest
    takes what follows its comment for one file, up to the next one.
    """
    comment = origin.origin_comment if origin else ""
    filename = origin.filename if origin else ""
    for one in objects.documents(added):
        attributed = objects.annotated(one, {FILENAME_ANNOTATION: filename}) if filename else one
        yield Document(emit.document(attributed, comment=comment).encode(), line=0)
        comment = "" if comment.startswith("####") else comment
