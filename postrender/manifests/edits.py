"""Edits the text of a YAML document at the positions of its nodes, and keeps all other bytes.

An addition has the style of its collection: block style in block collections, JSON in flow
collections and in place of null.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import yaml

from postrender.errors import DevcacheError
from postrender.manifests import emit, nodes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.manifests.nodes import Plain


_OTHER_TYPE = "is not the list, mapping or text that Kubernetes expects there"


class Edit(NamedTuple):
    """A replacement of text[start:end], in characters; if start == end, an insertion."""

    start: int
    end: int
    replacement: str


class Item(str):
    """A step of a path: the item of a sequence with this `name`, e.g. a volume."""

    __slots__ = ()


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` after all edits; edits at the same position apply in the order given."""
    parts: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += text[position : edit.start], edit.replacement
        position = edit.end
    return "".join((*parts, text[position:]))


def require_no_alias(text: str) -> None:
    """Refuse a document with aliases.

    PyYAML composes an alias as its anchored node, with the position of that node. An edit of the
    alias would change the anchored node, and an addition after it would go to the wrong place.

    Raises:
        DevcacheError: The document has an alias.
    """
    if "*" not in text:
        return
    for event in nodes.events(text):
        if isinstance(event, yaml.AliasEvent):
            mark = event.start_mark
            raise _refusal(mark.line if mark else 0, "uses a YAML alias")


def put(text: str, parent: yaml.Node, path: tuple[str, ...], value: Plain) -> Edit:
    """Return the edit that sets the value at `path` below `parent`, and adds missing collections.

    Args:
        text: The document's text, without aliases; see `require_no_alias`.
        parent: A node of the document.
        path: Keys of mappings and Items of sequences, from `parent` down.
        value: The new value; for an Item the whole item, including its name.

    Raises:
        DevcacheError: There is a merge key, or a value of another type, on the path.
    """
    step, rest = path[0], path[1:]
    expected = yaml.SequenceNode if isinstance(step, Item) else yaml.MappingNode
    if not isinstance(parent, expected) and not nodes.is_null(parent):
        raise _refusal(parent.start_mark.line, _OTHER_TYPE)
    _require_unmerged(parent)
    look_up = nodes.named if isinstance(step, Item) else nodes.get
    child = look_up(parent, step)
    if child is None:
        return _insert(text, parent, _nested(path, value))
    if rest:
        return put(text, child, rest, value)
    _require_unmerged(child)
    return _replace(text, parent, child, value)


def drop(sequence: yaml.Node | None, name: str) -> list[Edit]:
    """Return the edits that remove the items of this name; the first item always stays."""
    items = nodes.items(sequence)
    return [
        Edit(_end(previous), _end(item), "")
        for previous, item in pairwise(items)
        if nodes.text(nodes.get(item, "name")) == name
    ]


def _nested(path: tuple[str, ...], value: Plain) -> Plain:
    for step in reversed(path):
        value = [value] if isinstance(step, Item) else {step: value}
    return value


def _insert(text: str, collection: yaml.Node, addition: Plain) -> Edit:
    """Return the edit that appends an addition to a collection."""
    if isinstance(collection, yaml.ScalarNode):  # null: `annotations:`
        end = collection.end_mark.index
        return Edit(collection.start_mark.index, end, f" {emit.flow(addition)}")
    if not _is_block(collection):
        inner = emit.flow(addition)[1:-1]
        if not collection.value:
            inside = collection.start_mark.index + 1
            return Edit(inside, inside, inner)
        end = _last(collection).end_mark.index
        return Edit(end, end, f", {inner}")
    place = _line_end(text, _end(collection))
    newline = "" if text[place - 1] == "\n" else "\n"
    return Edit(place, place, newline + emit.block(addition, indent=collection.start_mark.column))


def _replace(text: str, parent: yaml.Node, node: yaml.Node, value: Plain) -> Edit:
    start, end = node.start_mark.index, _end(node)
    if _is_block(node):
        # A list may begin in the column of its key, but a mapping may not: the type must stay.
        if not isinstance(value, list if isinstance(node, yaml.SequenceNode) else dict):
            raise _refusal(node.start_mark.line, _OTHER_TYPE)
        lines = emit.block(value, indent=node.start_mark.column).lstrip(" ")
        # There is no block style for an empty value, and flow style needs more indent than the key.
        lines = lines if value else f" {lines}"
        return Edit(start, end, lines if text[end - 1] == "\n" else lines.removesuffix("\n"))
    blank = " " if start == end else ""  # null: `medium:`
    if _is_block(parent) and isinstance(value, str):
        return Edit(start, end, blank + emit.scalar(value))
    return Edit(start, end, blank + emit.flow(value))


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _end(node: yaml.Node) -> int:
    """Return the end of a node's text; the end mark of a block collection is at the next token."""
    return _end(_last(node)) if _is_block(node) else int(node.end_mark.index)


def _last(collection: yaml.Node) -> yaml.Node:
    """Return the last value of a collection that is not empty; a block collection never is."""
    last: yaml.Node | tuple[yaml.Node, yaml.Node] = collection.value[-1]
    return last[1] if isinstance(last, tuple) else last


def _line_end(text: str, position: int) -> int:
    """Return the position after the line break of the line that `position` is in."""
    if text[position - 1] == "\n":
        return position
    return text.find("\n", position) + 1 or len(text)


def _require_unmerged(node: yaml.Node) -> None:
    """Refuse a node with a merge key."""
    if nodes.get(node, "<<") is not None:
        raise _refusal(node.start_mark.line, "has a YAML merge key")


def _refusal(line: int, problem: str) -> DevcacheError:
    hint = "render the Deployment without YAML anchors"
    return DevcacheError(f"line {line + 1} {problem}", hint=hint)
