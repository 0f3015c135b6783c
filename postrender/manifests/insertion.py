"""New entries for the mappings and sequences of a YAML text, as edits.

An entry has the style of its collection: block style in block collections, JSON in flow collections
and in place of null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender.manifests import emit

if TYPE_CHECKING:
    from postrender.manifests.nodes import Plain
    from postrender.manifests.places import Collection, Node, Places


class Edit(NamedTuple):
    """A replacement of text[start:end], in characters; start == end inserts.

    Attributes:
        start: The place of the first character that it replaces.
        end: The place after the last one.
        replacement: The new text.
        depth: The depth of its collection in the document. Where several collections end at one
            place, the innermost one takes its entries first.
    """

    start: int
    end: int
    replacement: str
    depth: int = 0


def after_last(places: Places, collection: Collection, entries: Plain, depth: int = 0) -> Edit:
    """Return the edit that appends entries to a collection that has some.

    Args:
        places: The text.
        collection: A mapping or sequence of it.
        entries: A mapping or list.
        depth: The depth of the collection.
    """
    body = places.body(collection)
    if body and not collection.flow_style:
        place = places.below(places.end(collection), body.column)
        return on_lines(places, place, entries, indent=body.column, depth=depth)
    last = places.before(collection.end_mark.index - 1)
    if last.kind == "FlowEntry":
        last = places.before(last.start)
    comma = " , " if last.kind == "Value" else ", "  # `{a:, b: 1}` has the key `a:`
    return Edit(last.end, last.end, comma + _inside(entries))


def into_empty(places: Places, collection: Node, entries: Plain) -> Edit:
    """Return the edit that puts entries into an empty collection, which may hold a comment."""
    place = places.end(collection) - 1
    return Edit(place, place, _inside(entries))


def on_lines(places: Places, place: int, entries: Plain, *, indent: int, depth: int = 0) -> Edit:
    """Return the edit that puts entries on lines of their own."""
    return Edit(place, place, places.lines(place, emit.block(entries, indent=indent)), depth)


def _inside(entries: Plain) -> str:
    return emit.flow(entries)[1:-1]
