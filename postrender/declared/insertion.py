"""A value put into a YAML file as edits: in block style where it can stand on lines of its own.

In flow style, and where an empty value does not stand beside its key, it is JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruamel.yaml.tokens import FlowEntryToken, FlowMappingStartToken, ValueToken

from postrender.manifests import emit
from postrender.manifests.edits import Edit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ruamel.yaml.nodes import MappingNode, Node

    from postrender.declared.layout import Layout
    from postrender.manifests.nodes import Plain

_INDENT = 2


def into_document(layout: Layout, value: Mapping[str, Plain]) -> list[Edit]:
    """Return the edits that make a value the document of a file that has an empty one, or none."""
    root = layout.root
    if root and layout.body(root):
        return [_in_place_of(layout, root, value)]
    place = layout.end()
    return [_on_lines(layout, place, value, indent=0)]


def behind_last(layout: Layout, mapping: MappingNode, value: Mapping[str, Plain]) -> list[Edit]:
    """Return the edits that put keys behind the last one of a mapping that has some.

    Args:
        layout: The file.
        mapping: A mapping of it.
        value: The new keys with their values.
    """
    body = layout.body(mapping)
    if body and not mapping.flow_style:
        column = body.start_mark.column
        place = layout.below(layout.before(mapping.end_mark.index).end_mark.index, column)
        return [_on_lines(layout, place, value, indent=column)]
    last = layout.before(mapping.end_mark.index - 1)
    if isinstance(last, FlowEntryToken):
        last = layout.before(last.start_mark.index)
    place = last.end_mark.index
    comma = " , " if isinstance(last, ValueToken) else ", "  # `{a:, b: 1}` has the key `a:`
    return [Edit(place, place, comma + _inside(value))]


def under_key(
    layout: Layout,
    mapping: MappingNode,
    pair: tuple[Node, Node],
    value: Mapping[str, Plain],
) -> list[Edit]:
    """Return the edits that give a key a value instead of the empty one that it has.

    Args:
        layout: The file.
        mapping: A mapping of it.
        pair: A key of the mapping with its empty value.
        value: The new value.

    Raises:
        DevcacheError: There is no colon behind the key.
    """
    key, empty = pair
    colon = layout.after(key.end_mark.index)
    if not isinstance(colon, ValueToken):
        problem = "has no colon behind a key"
        raise layout.refusal(key.start_mark.index, problem)
    body, parent = layout.body(empty), layout.body(mapping)
    last = layout.before(empty.end_mark.index)
    if mapping.flow_style or not parent or last.end_mark.line != colon.end_mark.line:
        return [_in_place_of(layout, empty, value)]
    column = parent.start_mark.column
    place = layout.below(last.end_mark.index, column)
    lines = _on_lines(layout, place, value, indent=column + _INDENT)
    if not body:
        return [lines]
    blank = layout.before(body.start_mark.index).end_mark.index
    return [Edit(blank, last.end_mark.index, ""), lines]


def _on_lines(layout: Layout, place: int, value: Mapping[str, Plain], *, indent: int) -> Edit:
    return Edit(place, place, layout.lines(place, emit.block(value, indent=indent)))


def _in_place_of(layout: Layout, empty: Node, value: Mapping[str, Plain]) -> Edit:
    body = layout.body(empty)
    end = layout.before(empty.end_mark.index).end_mark.index
    if not body:
        return Edit(end, end, f" {emit.flow(value)}")
    if isinstance(body, FlowMappingStartToken):  # a comment may stand in the braces
        return Edit(end - 1, end - 1, _inside(value))
    return Edit(body.start_mark.index, end, emit.flow(value))


def _inside(value: Mapping[str, Plain]) -> str:
    return emit.flow(value)[1:-1]
