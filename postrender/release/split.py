"""The parts of a release: documents for an empty cluster, and those of Crossplane's kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from postrender.crossplane.api import GROUP
from postrender.manifests import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.manifests.stream import Document

ReleasePart = Literal["core", "packages"]
"""`packages`: the objects of the kinds that Crossplane installs. `core`: everything else."""

_DOMAIN = GROUP.partition(".")[2]
"""The end of all API groups of Crossplane, e.g. `apiextensions.crossplane.io`."""


def part_of(documents: Iterable[Document], part: ReleasePart) -> list[Document]:
    """Return the documents of a part, in their order.

    Each document is in exactly one part.

    Args:
        documents: The documents of a release.
        part: The part.
    """
    is_packages = part == "packages"
    return [document for document in documents if _needs_crossplane(document) is is_packages]


def _needs_crossplane(document: Document) -> bool:
    """Return whether a document, or each item of a List, is of a kind that Crossplane installs."""
    if not document.mentions(_DOMAIN):
        return False
    if document.kind != "List":
        return _has_crossplane_group(document.api_version)
    items = nodes.items(nodes.get(document.root, "items"))
    versions = [nodes.text(nodes.get(item, "apiVersion")) for item in items]
    return bool(versions) and all(map(_has_crossplane_group, versions))


def _has_crossplane_group(api_version: str) -> bool:
    group, _, _ = api_version.rpartition("/")
    return group.endswith(f".{_DOMAIN}")
