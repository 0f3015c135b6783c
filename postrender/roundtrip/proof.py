"""Proves that a change of a YAML file adds one value, and changes nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from postrender.errors import DevcacheError
from postrender.manifests import edits, emit, nodes
from postrender.manifests.edits import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from postrender.manifests.nodes import Plain

_MAP = "tag:yaml.org,2002:map"
_STR = "tag:yaml.org,2002:str"


def holds(
    before: str,
    after: str,
    *,
    changes: Sequence[Edit],
    path: tuple[str, ...],
    value: Mapping[str, Plain],
) -> bool:
    """Return whether a change adds a value, and changes nothing else.

    Args:
        before: The text of a file with one YAML document.
        after: The text after the change.
        changes: The edits of the change.
        path: The path of keys to the new value.
        value: The new value.
    """
    try:
        return (
            edits.apply(after, _inverse(before, changes)) == before
            and all(_is_empty(before[change.start : change.end]) for change in changes)
            and _is_same(
                _with(nodes.compose(before), path, nodes.compose(emit.block(value))),
                nodes.compose(after),
            )
        )
    except DevcacheError:  # the result is not valid YAML
        return False


def _inverse(before: str, changes: Sequence[Edit]) -> Iterator[Edit]:
    """Yield the edits that turn the changed text into the text before."""
    shift = 0
    for change in sorted(changes):
        start, end = change.start + shift, change.start + shift + len(change.replacement)
        replaced = before[change.start : change.end]
        yield Edit(start, end, replaced)
        shift += len(change.replacement) - len(replaced)


def _is_empty(text: str) -> bool:
    """Return whether a text is an empty value without a comment."""
    node = nodes.compose(text)
    is_value = node is None or nodes.is_null(node) or node.value == []
    return is_value and "#" not in text


def _with(
    node: yaml.Node | None, path: tuple[str, ...], value: yaml.Node | None
) -> yaml.Node | None:
    """Return a node with a value at a path of keys.

    The nodes on the path are copies, so that their aliases keep the original content.
    """
    if not path:
        return value
    pairs: list[tuple[yaml.Node, yaml.Node | None]] = [*nodes.pairs(node)]
    places = [place for place, (key, _) in enumerate(pairs) if nodes.text(key) == path[0]]
    if places:
        key, child = pairs[places[-1]]
        pairs[places[-1]] = key, _with(child, path[1:], value)
    else:
        pairs.append((yaml.ScalarNode(_STR, path[0]), _with(None, path[1:], value)))
    return yaml.MappingNode(node.tag if isinstance(node, yaml.MappingNode) else _MAP, pairs)


def _is_same(node: yaml.Node | None, other: yaml.Node | None) -> bool:
    """Return whether two nodes have the same content, even if aliases make it a graph."""
    pending = [(node, other)]
    compared: set[tuple[int, int]] = set()
    while pending:
        first, second = pending.pop()
        if (id(first), id(second)) in compared:
            continue
        compared.add((id(first), id(second)))
        if first is None or second is None or first.tag != second.tag:
            return False
        parts, others = _parts(first), _parts(second)
        if len(parts) != len(others) or nodes.text(first) != nodes.text(second):
            return False
        pending += zip(parts, others, strict=True)
    return True


def _parts(node: yaml.Node) -> list[yaml.Node]:
    return [*nodes.items(node), *(part for pair in nodes.pairs(node) for part in pair)]
