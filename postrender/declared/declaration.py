"""Finds the DevCache of a run, in the rendered manifests or in the file of `--config`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender import labels
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.manifests import nodes
from postrender.manifests.stream import require_manifests

if TYPE_CHECKING:
    from collections.abc import Sequence

    import yaml

    from postrender.declared.devcache import DevCache
    from postrender.manifests.stream import Document


class Declaration(NamedTuple):
    """A DevCache and the documents of its release.

    Attributes:
        devcache: The DevCache.
        origin: The document whose template the additions are attributed to, or None.
        ours: The documents that an earlier pass added.
        others: All documents except the DevCache and those of an earlier pass.
    """

    devcache: DevCache
    origin: Document | None
    ours: tuple[Document, ...]
    others: tuple[Document, ...]


def find(documents: Sequence[Document], config: DevCache | None) -> Declaration | None:
    """Return the one DevCache of a run, or None for the output of an earlier pass without one.

    Args:
        documents: The rendered manifests.
        config: The DevCache of `--config`, or None.

    Raises:
        DevcacheError: There is more than one, or there is none and no trace of an earlier pass: a
            filter that silently does nothing would deploy the wrong objects.
    """
    declarations = [document for document in documents if _is_devcache(document)]
    ours = tuple(document for document in documents if _is_ours(document))
    if config is None and not declarations:
        if any(document.kind == "ConfigMap" for document in ours):
            return None
        raise _nothing_declared(documents)
    if len(declarations) + (config is not None) > 1:
        problem = "there is more than one DevCache"
        hint = "keep one: the chart's document, or --config, and one crossplane-devcache chart"
        raise DevcacheError(problem, where="the rendered manifests", hint=hint)
    declared = config or devcache.load(declarations[0].text, where="the devcache values")
    others = tuple(
        document for document in documents if document not in declarations and document not in ours
    )
    return Declaration(declared, next(iter((*declarations, *ours)), None), ours, others)


def _is_devcache(document: Document) -> bool:
    if not document.mentions(devcache.KIND) or document.kind != devcache.KIND:
        return False
    return document.api_version.startswith("crossplane-devcache/")


def _is_ours(document: Document) -> bool:
    if not document.mentions(labels.OWNER) or not any(map(document.mentions, labels.KINDS)):
        return False
    if document.kind != "List":
        return _has_our_labels(document.root)
    items = nodes.items(nodes.get(document.root, "items"))
    return bool(items) and all(map(_has_our_labels, items))


def _has_our_labels(node: yaml.Node | None) -> bool:
    object_labels = nodes.get(node, "metadata", "labels")
    if nodes.text(nodes.get(object_labels, labels.COMPONENT)) == labels.PAYLOAD:
        return False
    owner = nodes.text(nodes.get(object_labels, labels.PART_OF))
    return nodes.text(nodes.get(node, "kind")) in labels.KINDS and owner == labels.OWNER


def _nothing_declared(documents: Sequence[Document]) -> DevcacheError:
    require_manifests(documents)
    problem = "there is no DevCache document among the rendered manifests"
    hint = (
        "use the chart crossplane-devcache, or pass --post-renderer-args --config=document.yaml;"
        " a KRM function also takes it as functionConfig"
    )
    return DevcacheError(problem, hint=hint)
