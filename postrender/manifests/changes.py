"""Changes of a document: the values that are set or removed, and the tree of nodes they lead to."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import yaml

from postrender.manifests import emit, nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from postrender.manifests.nodes import Plain

_MAP = "tag:yaml.org,2002:map"
_SEQ = "tag:yaml.org,2002:seq"
_STR = "tag:yaml.org,2002:str"


class Item(str):
    """A step of a path into a sequence, to the first item with this `name`, e.g. a volume."""

    __slots__ = ()


Step = str | Item | int
"""A key of a mapping, a named item of a sequence, or the position of an item."""


class Change(NamedTuple):
    """A value that a document must have.

    Attributes:
        path: The steps from the root of the document.
        value: The value; for an Item the whole item, including its name.
    """

    path: tuple[Step, ...]
    value: Plain


class Removal(NamedTuple):
    """Items that a document must not have. The first item of a sequence always stays.

    Attributes:
        path: The steps from the root of the document to a sequence.
        name: The name of the items.
    """

    path: tuple[Step, ...]
    name: str


def child(node: yaml.Node | None, step: Step) -> yaml.Node | None:
    """Return the node that a step leads to, or None."""
    if isinstance(step, int):
        return dict(enumerate(nodes.items(node))).get(step)
    return nodes.named(node, step) if isinstance(step, Item) else nodes.get(node, step)


def nested(path: Iterable[Step], value: Plain) -> Plain:
    """Return a value with the collections that a path leads through."""
    for step in reversed(tuple(path)):
        value = [value] if isinstance(step, Item) else {str(step): value}
    return value


def removed(sequence: yaml.Node | None, name: str) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield each item that a removal is about, after the item before it."""
    for previous, item in pairwise(nodes.items(sequence)):
        if nodes.text(nodes.get(item, "name")) == name:
            yield previous, item


def changed(root: yaml.Node | None, changes: Iterable[Change | Removal]) -> yaml.Node | None:
    """Return the tree of a document after changes.

    The nodes on the paths are copies. So a node that an alias repeats elsewhere stays unchanged
    there.
    """
    for change in changes:
        if isinstance(change, Change):
            value = nodes.compose(emit.block(change.value))
            root = _with(root, change.path, value)
        else:
            root = _without(root, change)
    return root


def _with(
    node: yaml.Node | None, path: tuple[Step, ...], value: yaml.Node | None
) -> yaml.Node | None:
    """Return a copy of a node with a value at a path."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    present = child(node, step)
    new = _with(present, rest, value)
    if isinstance(step, int | Item):
        items = nodes.items(node)
        if present is None:
            return yaml.SequenceNode(_tag(node, _SEQ), [*items, new])
        return yaml.SequenceNode(
            _tag(node, _SEQ), [new if item is present else item for item in items]
        )
    pairs: list[tuple[yaml.Node, yaml.Node | None]] = [*nodes.pairs(node)]
    if present is None:
        return yaml.MappingNode(_tag(node, _MAP), [*pairs, (yaml.ScalarNode(_STR, step), new)])
    last = max(place for place, (key, _) in enumerate(pairs) if nodes.text(key) == step)
    pairs[last] = pairs[last][0], new
    return yaml.MappingNode(_tag(node, _MAP), pairs)


def _without(root: yaml.Node | None, removal: Removal) -> yaml.Node | None:
    sequence = root
    for step in removal.path:
        sequence = child(sequence, step)
    absent = {id(item) for _, item in removed(sequence, removal.name)}
    if not absent:
        return root
    items = [item for item in nodes.items(sequence) if id(item) not in absent]
    return _with(root, removal.path, yaml.SequenceNode(_tag(sequence, _SEQ), items))


def _tag(node: yaml.Node | None, default: str) -> str:
    return node.tag if isinstance(node, yaml.CollectionNode) else default


def is_same(node: yaml.Node | None, other: yaml.Node | None) -> bool:
    """Return whether two nodes have the same content, also where aliases make it a graph."""
    pending = [(node, other)]
    compared: set[tuple[int, int]] = set()
    while pending:
        first, second = pending.pop()
        if (id(first), id(second)) in compared:
            continue
        compared.add((id(first), id(second)))
        if first is None or second is None:
            if first is not second:
                return False
            continue
        if _scalar_parts(first) != _scalar_parts(second) and _content(first) != _content(second):
            return False
        parts, others = _parts(first), _parts(second)
        if len(parts) != len(others):
            return False
        pending += zip(parts, others, strict=True)
    return True


def _scalar_parts(node: yaml.Node) -> tuple[str, str, str | None]:
    """Return the parts that decide `_content`, which takes ten times as long."""
    if isinstance(node, yaml.ScalarNode):
        return node.tag, node.value, node.style
    return node.tag, "", None


def _content(node: yaml.Node) -> tuple[str, str]:
    """Return the type and the text of a node; numbers such as 1e+20 are no numbers to PyYAML."""
    value = nodes.scalar(node) if isinstance(node, yaml.ScalarNode) else ""
    return ("number", repr(value)) if isinstance(value, float) else (node.tag, _text(node))


def _text(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _parts(node: yaml.Node) -> list[yaml.Node]:
    return [*nodes.items(node), *(part for pair in nodes.pairs(node) for part in pair)]
