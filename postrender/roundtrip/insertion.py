"""Computes the edits that add a value to a YAML file.

The value is in block style, on new lines. It is JSON in a flow collection, and in place of an empty
value that is not on the line of its key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruamel.yaml.tokens import FlowEntryToken, FlowMappingStartToken, ValueToken

from postrender.manifests import emit
from postrender.manifests.edits import Edit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ruamel.yaml.nodes import MappingNode, Node

    from postrender.manifests.nodes import Plain
    from postrender.roundtrip.places import Places

_INDENT = 2


def into_document(places: Places, value: Mapping[str, Plain]) -> list[Edit]:
    """Return the edits that put a value into a file with an empty document, or without one."""
    root = places.root
    if root and places.body(root):
        return [_in_place_of(places, root, value)]
    place = places.end()
    return [_on_lines(places, place, value, indent=0)]


def after_last(places: Places, mapping: MappingNode, value: Mapping[str, Plain]) -> list[Edit]:
    """Return the edits that add keys after the last key of a mapping, which must not be empty.

    Args:
        places: The file.
        mapping: A mapping in the file.
        value: The new keys with their values.
    """
    body = places.body(mapping)
    if body and not mapping.flow_style:
        column = body.start_mark.column
        place = places.below(places.before(mapping.end_mark.index).end_mark.index, column)
        return [_on_lines(places, place, value, indent=column)]
    last = places.before(mapping.end_mark.index - 1)
    if isinstance(last, FlowEntryToken):
        last = places.before(last.start_mark.index)
    place = last.end_mark.index
    comma = " , " if isinstance(last, ValueToken) else ", "  # `{a:, b: 1}` has the key `a:`
    return [Edit(place, place, comma + _inside(value))]


def under_key(
    places: Places,
    mapping: MappingNode,
    pair: tuple[Node, Node],
    value: Mapping[str, Plain],
) -> list[Edit]:
    """Return the edits that replace the empty value of a key.

    Args:
        places: The file.
        mapping: A mapping in the file.
        pair: A key of the mapping with its empty value.
        value: The new value.

    Raises:
        DevcacheError: There is no colon after the key.
    """
    key, empty = pair
    colon = places.after(key.end_mark.index)
    if not isinstance(colon, ValueToken):
        problem = "has no colon after a key"
        raise places.refusal(key.start_mark.index, problem)
    body, parent = places.body(empty), places.body(mapping)
    last = places.before(empty.end_mark.index)
    if mapping.flow_style or not parent or last.end_mark.line != colon.end_mark.line:
        return [_in_place_of(places, empty, value)]
    column = parent.start_mark.column
    place = places.below(last.end_mark.index, column)
    lines = _on_lines(places, place, value, indent=column + _INDENT)
    if not body:
        return [lines]
    blank = places.before(body.start_mark.index).end_mark.index
    return [Edit(blank, last.end_mark.index, ""), lines]


def _on_lines(places: Places, place: int, value: Mapping[str, Plain], *, indent: int) -> Edit:
    return Edit(place, place, places.lines(place, emit.block(value, indent=indent)))


def _in_place_of(places: Places, empty: Node, value: Mapping[str, Plain]) -> Edit:
    body = places.body(empty)
    end = places.before(empty.end_mark.index).end_mark.index
    if not body:
        return Edit(end, end, f" {emit.flow(value)}")
    if isinstance(body, FlowMappingStartToken):  # the braces may contain a comment
        return Edit(end - 1, end - 1, _inside(value))
    return Edit(body.start_mark.index, end, emit.flow(value))


def _inside(value: Mapping[str, Plain]) -> str:
    return emit.flow(value)[1:-1]
