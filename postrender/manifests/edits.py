"""Changes a YAML document in its text, at the places of its nodes, and proves the result.

The text that no change is about stays to the byte.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING

import yaml

from postrender.errors import DevcacheError
from postrender.manifests import changes, emit, insertion, nodes, places
from postrender.manifests.changes import Change, Item
from postrender.manifests.insertion import Edit
from postrender.manifests.places import Places, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from postrender.manifests.changes import Removal, Step
    from postrender.manifests.nodes import Plain

_OTHER_TYPE = "is not the list, mapping or text that Kubernetes expects there"
_HINT = "write it otherwise in the chart's template"
_ALIAS_HINT = "render the Deployment without YAML anchors"


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` after all edits, which do not overlap.

    At one place the edit of the greatest depth applies first; of the same depth, the given order.
    """
    parts: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.depth)):
        parts += text[position : edit.start], edit.replacement
        position = edit.end
    return "".join((*parts, text[position:]))


def changed(
    text: str,
    root: yaml.Node | None,
    requested: Sequence[Change | Removal],
    *,
    where: str,
    first_line: int = 1,
) -> str:
    """Return the text of a document after changes.

    Args:
        text: One document, with a final line break.
        root: Its root node.
        requested: The changes. Collections that are missing on their paths are added.
        where: The object, for error messages.
        first_line: The number of the first line, for error messages.

    Raises:
        DevcacheError: The document has an alias, or a merge key or a value of another type where a
            change is, or the changed text does not say exactly what it must.
    """
    if text.startswith(nodes.BYTE_ORDER_MARK):
        root = nodes.compose(text[1:])  # with places in this text
        after = changed(text[1:], root, requested, where=where, first_line=first_line)
        return nodes.BYTE_ORDER_MARK + after
    tokens = places.tokens(yaml.scan(text, Loader=nodes.LOADER))
    text_places = Places(text, tokens, source=Source(where, _HINT, first_line))
    editor = _Editor(text_places)
    edits = [edit for change in requested if root for edit in editor.edits(root, change)]
    after = apply(text, edits)
    if not is_proven(root, requested, after):
        place = min((edit.start for edit in edits), default=0)
        raise text_places.refusal(place, "cannot be changed here without changing something else")
    return after


def is_proven(root: yaml.Node | None, requested: Iterable[Change | Removal], after: str) -> bool:
    """Return whether a text says what a document says after changes, and nothing else.

    Args:
        root: The document before the changes.
        requested: The changes.
        after: The text after them.
    """
    try:
        return changes.is_same(changes.changed(root, requested), nodes.compose(after))
    except DevcacheError:  # it is no YAML any more
        return False


class _Editor:
    """Finds the edits that change a document."""

    def __init__(self, places: Places) -> None:
        self._places = places
        for alias in places.aliases:
            # PyYAML composes an alias as its anchored node, with the position of that node.
            raise self._places.refusal(alias.start, "uses a YAML alias", hint=_ALIAS_HINT)

    def edits(
        self,
        node: yaml.Node,
        change: Change | Removal,
        parent: yaml.Node | None = None,
        depth: int = 0,
    ) -> Iterator[Edit]:
        """Yield the edits of a change.

        Args:
            node: The node at the first `depth` steps of the change's path.
            change: The change.
            parent: The collection of the node, or None for the root.
            depth: The number of steps from the root to the node.
        """
        rest = change.path[depth:]
        if rest:
            self._require_collection(node, rest[0])
            child = changes.child(node, rest[0])
            if child is not None:
                yield from self.edits(child, change, node, depth + 1)
            elif isinstance(change, Change):
                yield self._insert(parent, node, changes.nested(rest, change.value), depth)
        elif isinstance(change, Change):
            yield self._replace(parent, node, change.value, depth)
        else:
            for previous, item in changes.removed(node, change.name):
                yield Edit(self._places.end(previous), self._places.end(item), "")

    def _require_collection(self, node: yaml.Node, step: Step) -> None:
        """Refuse a node that a step cannot lead into, or that takes entries from elsewhere."""
        is_key = isinstance(step, str) and not isinstance(step, Item)
        expected = yaml.MappingNode if is_key else yaml.SequenceNode
        if not isinstance(node, expected) and not nodes.is_null(node):
            raise self._places.refusal(node.start_mark.index, _OTHER_TYPE)
        self._require_unmerged(node)

    def _require_unmerged(self, node: yaml.Node) -> None:
        if nodes.get(node, "<<") is not None:
            problem = "has a YAML merge key"
            raise self._places.refusal(node.start_mark.index, problem, hint=_ALIAS_HINT)

    def _insert(
        self, parent: yaml.Node | None, node: yaml.Node, entries: Plain, depth: int
    ) -> Edit:
        """Return the edit that adds entries to a collection or null."""
        if not isinstance(node, yaml.CollectionNode):
            return self._in_place_of(parent, node, emit.flow(entries), depth)
        if not node.value:
            return insertion.into_empty(self._places, node, entries)
        return insertion.after_last(self._places, node, entries, depth)

    def _replace(self, parent: yaml.Node | None, node: yaml.Node, value: Plain, depth: int) -> Edit:
        """Return the edit that gives a node another value of its type; null has any type."""
        if not nodes.is_null(node) and not isinstance(value, _types(node)):
            raise self._places.refusal(node.start_mark.index, _OTHER_TYPE)
        self._require_unmerged(node)
        body = self._places.body(node)
        if not body or not isinstance(node, yaml.CollectionNode) or node.flow_style:
            in_block = isinstance(parent, yaml.CollectionNode) and not parent.flow_style
            line = emit.scalar(value) if in_block and isinstance(value, str) else emit.flow(value)
            return self._in_place_of(parent, node, line, depth)
        lines = emit.block(value, indent=body.column).lstrip(" ").removesuffix("\n")
        # There is no block style for an empty value, and flow style needs more indent than the key.
        lines = lines if value else f" {lines}"
        return Edit(body.start, self._text_end(node), self._places.broken(body.start, lines))

    def _in_place_of(
        self, parent: yaml.Node | None, node: yaml.Node, value: str, depth: int
    ) -> Edit:
        """Return the edit that puts a value in place of a node without lines of its own."""
        start, end = node.start_mark.index, self._text_end(node)
        if start < end:
            return Edit(start, end, value, depth)
        if self._places.before(end).kind in {"Value", "BlockEntry"}:
            return Edit(end, end, f" {value}", depth)
        body = self._places.body(parent) if parent else None  # `? annotations`, without a colon
        margin = "" if body is None or body.kind == "FlowMappingStart" else f"\n{' ' * body.column}"
        return Edit(end, end, self._places.broken(end, f"{margin}: {value}"), depth)

    def _text_end(self, node: yaml.Node) -> int:
        """Return the end of a node's text, before the line breaks at the end of a block scalar."""
        end = self._places.end(node)
        return len(self._places.text[:end].rstrip("\n\r\x85\u2028\u2029 "))


def _types(node: yaml.Node) -> type | tuple[type, ...]:
    """Return the types of the values that can replace a node."""
    if isinstance(node, yaml.ScalarNode):
        return (str, int, float, NoneType)
    return list if isinstance(node, yaml.SequenceNode) else dict
