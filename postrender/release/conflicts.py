"""Conflicts between the added objects and the rest of a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from postrender.crossplane import references
from postrender.crossplane.api import GROUP
from postrender.errors import DevcacheError, quoted
from postrender.fields import Fields
from postrender.manifests import nodes
from postrender.packages import PackageKind
from postrender.placement import RENAMING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from postrender.manifests.nodes import Plain
    from postrender.manifests.stream import Document
    from postrender.placement import LocalPackage


def check(
    added: Sequence[dict[str, Plain]],
    packages: Sequence[LocalPackage],
    chart_packages: Iterable[str],
    others: Sequence[Document],
) -> None:
    """Refuse an added object or a package whose part the rest of the release has, too.

    The part is a name or a source. See `imageconfigs` for the prefixes of ImageConfigs.

    Args:
        added: The added objects.
        packages: The local packages.
        chart_packages: The references of the chart's own package lists.
        others: The documents of the release that are not ours.

    Raises:
        DevcacheError: The first conflict.
    """
    for value in added:
        for refusal in _same_name(value, others):
            raise refusal
    for refusal in same_source(packages, installed_sources(chart_packages, others)):
        raise refusal


def _same_name(added: dict[str, Plain], others: Iterable[Document]) -> Iterator[DevcacheError]:
    """Yield the refusal of an added object with the group, kind, name and namespace of another."""
    metadata = Fields.of(added["metadata"], path="metadata", where="")
    name, namespace = metadata.text("name"), metadata.text("namespace")
    group, kind = _group(str(added["apiVersion"])), str(added["kind"])
    for other in others:
        if not other.mentions(kind, name) or (other.kind, other.name) != (kind, name):
            continue
        if _group(other.api_version) == group and other.namespace in {namespace, ""}:
            problem = f"the release already has a {kind} {quoted(name)} that is not ours"
            hint = "rename that object"
            if kind in get_args(PackageKind):
                hint += f", or the package; {RENAMING}"
            yield DevcacheError(problem, where=other.title, hint=hint)


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def installed_sources(chart_packages: Iterable[str], others: Iterable[Document]) -> dict[str, str]:
    """Return the sources that a release installs beside the local packages, each with its origin.

    Args:
        chart_packages: The references of the chart's own package lists.
        others: The documents of the release that are not ours.
    """
    sources = {_source(text): "the chart's own package lists" for text in chart_packages}
    return sources | {_source(text): title for title, text in _package_objects(others)}


def same_source(
    packages: Iterable[LocalPackage], origins: Mapping[str, str]
) -> Iterator[DevcacheError]:
    """Yield the refusal of each installed package whose source the release installs, too.

    Two packages of one source stop Crossplane's resolver for the whole cluster: "node already
    exists" (internal/dag/dag.go, AddNode).

    Args:
        packages: The packages.
        origins: See `installed_sources`.
    """
    for package in packages:
        if package.install and package.source in origins:
            origin = origins[package.source]
            problem = f"its source {quoted(package.source)} is installed by {origin}, too"
            hint = "install it once: remove it there, or set install: false"
            yield DevcacheError(problem, where=f"package {package.name}", hint=hint)


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
        return text  # Crossplane refuses it
