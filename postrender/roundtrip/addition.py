"""Adds a package to a YAML file of the user, and leaves everything else in it unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from postrender.declared import devcache, values
from postrender.errors import DevcacheError, quoted
from postrender.manifests import changes, edits, nodes
from postrender.manifests.changes import Change
from postrender.manifests.insertion import after_last
from postrender.manifests.places import Places, Source
from postrender.roundtrip import insertion, proof, reader

if TYPE_CHECKING:
    import yaml

    from postrender.manifests.insertion import Edit
    from postrender.manifests.nodes import Plain

_NULL = "tag:yaml.org,2002:null"
_HINT = "write the values out, or add the package by hand"


def packages_path(root: yaml.Node | None, *, where: str) -> tuple[str, ...]:
    """Return the path of the packages in a DevCache document, or in values of our chart.

    The values may be those of an umbrella chart, with the values of our chart under its key.

    Args:
        root: The root node of the document.
        where: The file, for error messages.

    Raises:
        DevcacheError: The document is another object of Kubernetes.
    """
    if nodes.text(nodes.get(root, "kind")) == devcache.KIND:
        return ("spec", "packages")
    if nodes.get(root, "apiVersion") is not None and nodes.get(root, "kind") is not None:
        problem = "is neither a DevCache document nor values of our chart"
        raise DevcacheError(problem, where=where, hint="name the file that declares the packages")
    umbrella = (values.CHART,) if nodes.get(root, values.CHART) is not None else ()
    return (*umbrella, "devcache", "packages")


def with_package(text: str, name: str, entry: dict[str, Plain], *, where: str) -> str:
    """Return the text of a file with one more package.

    Args:
        text: Values of our chart, or a DevCache document.
        name: The name of the package.
        entry: The declaration of the package.
        where: The file, for error messages.

    Raises:
        DevcacheError: The text is not YAML, has a key twice, already declares the package, has a
            YAML alias or merge key that concerns the package, or cannot get the package without
            another change.
    """
    root = nodes.compose(text, where=where)
    nodes.require_unique_keys(root, where=where)
    path = (*packages_path(root, where=where), name)
    node, places = _read(text, where)
    text_edits = _edits(places, node, path, entry)
    after = edits.apply(text, text_edits)
    if not proof.holds(text, after, text_edits, Change(path, entry)):
        place = len(text[: text_edits[-1].start].rstrip())
        raise places.refusal(
            place, "a package cannot be added here without changing something else"
        )
    return after


def _read(text: str, where: str) -> tuple[Node | None, Places]:
    """Return the root node of a file and its places."""
    source = Source(where, "add it by hand")
    try:
        reading = reader.read(text)
    except reader.Unreadable as error:
        problem = "is YAML that ruamel.yaml cannot read"
        raise Places(text, (), source=source).refusal(error.place, problem) from None
    return reading.root, Places(text, reading.tokens, reading.comments, source=source)


def _edits(
    places: Places, root: Node | None, path: tuple[str, ...], entry: dict[str, Plain]
) -> list[Edit]:
    """Return the edits that add an entry to the deepest existing mapping on its path."""
    node = root
    if node is None or _is_empty(node):
        return insertion.into_document(places, node, changes.nested(path, entry))
    for depth, step in enumerate(path):
        mapping = _mapping(places, node)
        pairs = [(key, value) for key, value in mapping.value if _is_key(key, step)]
        if depth == len(path) - 1:
            _require_no_alias(places, mapping)
        if not pairs:
            _require_unmerged(places, mapping)
            return [after_last(places, mapping, changes.nested(path[depth:], entry))]
        key, node = pairs[0]
        _require_unshared(places, key, node)
        if _is_empty(node):
            value = changes.nested(path[depth + 1 :], entry)
            return insertion.under_key(places, mapping, (key, node), value)
    problem = f"the package {quoted(path[-1])} is already declared"
    raise places.refusal(key.start_mark.index, problem, hint="choose another name with --name")


def _is_empty(node: Node) -> bool:
    return node.tag == _NULL or (isinstance(node, MappingNode) and not node.value)


def _is_key(node: Node, name: str) -> bool:
    return isinstance(node, ScalarNode) and bool(node.value == name)


def _mapping(places: Places, node: Node) -> MappingNode:
    if isinstance(node, MappingNode):
        return node
    problem = "is not the mapping that holds packages"
    raise places.refusal(node.start_mark.index, problem)


def _require_unmerged(places: Places, mapping: MappingNode) -> None:
    """Refuse a mapping with a merge key, which may already contain the new key."""
    for key, _ in mapping.value:
        if _is_key(key, "<<"):
            problem = "has a YAML merge key"
            raise places.refusal(key.start_mark.index, problem, hint=_HINT)


def _require_unshared(places: Places, key: Node, value: Node) -> None:
    """Refuse a value that an alias repeats, because the alias would get the package, too."""
    anchor = f"*{value.anchor}"
    positions = [
        alias.start for alias in places.aliases if places.text[alias.start : alias.end] == anchor
    ]
    if value.start_mark.index < key.start_mark.index:
        positions = [key.start_mark.index]
    if positions:
        problem = "uses a YAML alias"
        raise places.refusal(positions[0], problem, hint=_HINT)


def _require_no_alias(places: Places, packages: MappingNode) -> None:
    """Refuse aliases among the packages, as `nodes.plain` does."""
    span = range(packages.start_mark.index, packages.end_mark.index)
    for alias in places.aliases:
        if alias.start in span:
            problem = "uses a YAML alias"
            raise places.refusal(alias.start, problem, hint=_HINT)
