"""Computes the edits that add a value to a YAML file.

The value is in block style, on new lines. It is JSON in a flow collection, and in place of an empty
value that is not on the line of its key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.manifests import emit, insertion
from postrender.manifests.insertion import Edit

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node

    from postrender.manifests.nodes import Plain
    from postrender.manifests.places import Places

_INDENT = 2


def into_document(places: Places, root: Node | None, value: Plain) -> list[Edit]:
    """Return the edits that put a value into a file with an empty document, or without one."""
    if root and places.body(root):
        return [_in_place_of(places, root, value)]
    return [insertion.on_lines(places, places.end_of_document(), value, indent=0)]


def under_key(
    places: Places,
    mapping: MappingNode,
    pair: tuple[Node, Node],
    value: Plain,
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
    if colon is None or colon.kind != "Value":
        problem = "has no colon after a key"
        raise places.refusal(key.start_mark.index, problem)
    body, parent = places.body(empty), places.body(mapping)
    last = places.before(empty.end_mark.index)
    if mapping.flow_style or not parent or places.line(last.end) != places.line(colon.end):
        return [_in_place_of(places, empty, value)]
    place = places.below(last.end, parent.column)
    lines = insertion.on_lines(places, place, value, indent=parent.column + _INDENT)
    if not body:
        return [lines]
    return [Edit(places.before(body.start).end, last.end, ""), lines]


def _in_place_of(places: Places, empty: Node, value: Plain) -> Edit:
    body, end = places.body(empty), places.end(empty)
    if not body:
        return Edit(end, end, f" {emit.flow(value)}")
    if body.kind == "FlowMappingStart":
        return insertion.into_empty(places, empty, value)
    return Edit(body.start, end, emit.flow(value))
