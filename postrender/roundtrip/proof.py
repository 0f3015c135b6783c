"""The proof that a changed YAML file has one value more, and that nothing else of it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.errors import DevcacheError
from postrender.manifests import edits, nodes
from postrender.manifests.insertion import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.manifests.changes import Change


def holds(before: str, after: str, text_edits: Sequence[Edit], change: Change) -> bool:
    """Return whether edits made a change in a file, and nothing else.

    Args:
        before: The text of a file of one YAML document.
        after: Its text after the edits.
        text_edits: The edits.
        change: The change, whose value is new.
    """
    return (
        edits.apply(after, _inverse(before, text_edits)) == before
        and all(_is_empty(before[edit.start : edit.end]) for edit in text_edits)
        and edits.is_proven(nodes.compose(before), [change], after)
    )


def _inverse(before: str, text_edits: Sequence[Edit]) -> Iterator[Edit]:
    """Yield the edits of the changed text that give the text before."""
    shift = 0
    for edit in sorted(text_edits):
        start, end = edit.start + shift, edit.start + shift + len(edit.replacement)
        text = before[edit.start : edit.end]
        yield Edit(start, end, text)
        shift += len(edit.replacement) - len(text)


def _is_empty(text: str) -> bool:
    """Return whether a text is an empty value without a comment."""
    try:
        node = nodes.compose(text)
    except DevcacheError:  # a part of a value
        return False
    return (node is None or nodes.is_null(node) or node.value == []) and "#" not in text
