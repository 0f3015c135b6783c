"""What the rest of a release must not hold beside the added objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from postrender.cache import references
from postrender.errors import DevcacheError, quoted
from postrender.fields import Fields
from postrender.manifests import nodes
from postrender.packages import PackageKind
from postrender.release.objects import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from postrender.cache.placement import Placed
    from postrender.manifests.nodes import Plain
    from postrender.manifests.stream import Document


def check_names(added: Iterable[dict[str, Plain]], others: Sequence[Document]) -> None:
    """Refuse an added object whose name is taken.

    Raises:
        DevcacheError: Another document is an object of that group, kind, name and namespace.
    """
    for one in added:
        metadata = Fields.of(one["metadata"], path="metadata", where="")
        name, namespace = metadata.text("name"), metadata.text("namespace")
        group, kind = _group(str(one["apiVersion"])), str(one["kind"])
        for other in others:
            if not other.mentions(kind, name) or (other.kind, other.name) != (kind, name):
                continue
            if _group(other.api_version) == group and other.namespace in {namespace, ""}:
                problem = f"the release has a {kind} {quoted(name)} already, and not from us"
                hint = "rename that object" + (", or the package" if kind != "ConfigMap" else "")
                raise DevcacheError(problem, where=other.title, hint=hint)


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def installed_sources(listed: Iterable[str], others: Iterable[Document]) -> dict[str, str]:
    """Return what installs each source that a release has Crossplane install beside our packages.

    Args:
        listed: The references of the chart's own package lists.
        others: The documents of the release that are not ours.
    """
    taken = {_source(text): "the chart's own package lists" for text in listed}
    return taken | {_source(text): title for title, text in _package_objects(others)}


def taken_sources(placed: Iterable[Placed], taken: Mapping[str, str]) -> Iterator[DevcacheError]:
    """Yield the refusal of each installed package whose source the release installs, too.

    Two packages of one source stop Crossplane's resolver for the whole cluster: "node already
    exists" (internal/dag/dag.go, AddNode).

    Args:
        placed: The packages.
        taken: See `installed_sources`.
    """
    for one in placed:
        if one.declared.install and one.source in taken:
            problem = f"its source {quoted(one.source)} is installed by {taken[one.source]}, too"
            hint = "install it once: remove it there, or set install: false"
            yield DevcacheError(problem, where=f"package {one.name}", hint=hint)


def _package_objects(documents: Iterable[Document]) -> Iterator[tuple[str, str]]:
    for document in documents:
        if not document.mentions(f"{GROUP}/") or document.kind not in get_args(PackageKind):
            continue
        if _group(document.api_version) == GROUP:
            yield document.title, nodes.text(nodes.get(document.root, "spec", "package"))


def _source(text: str) -> str:
    try:
        return references.parse(text, where="").source
    except DevcacheError:
        return text  # Crossplane's to refuse
