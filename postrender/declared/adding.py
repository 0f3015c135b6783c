"""A package added to a file that the user wrote: nothing else in it changes, comments included."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from postrender.declared import devcache, values
from postrender.errors import DevcacheError, quoted
from postrender.manifests import edits, emit, nodes
from postrender.manifests.edits import Edit

if TYPE_CHECKING:
    from postrender.manifests.nodes import Plain

_INDENT = 2

_COMMENTS = re.compile(r"(?:[ \t]*\n)*^( *)#.*(?:\n|\Z)", re.MULTILINE)
"""A comment on a line of its own, with the blank lines above it."""


def packages_path(root: yaml.Node | None) -> tuple[str, ...]:
    """Return where a file has its packages: a DevCache document, or values of our chart.

    They may be among the values of an umbrella chart.
    """
    if nodes.text(nodes.get(root, "kind")) == devcache.KIND:
        return ("spec", "packages")
    umbrella = (values.CHART,) if nodes.get(root, values.CHART) is not None else ()
    return (*umbrella, "devcache", "packages")


def added(text: str, name: str, entry: dict[str, Plain], *, where: str) -> str:
    """Return the text of a file with one more package.

    Args:
        text: Values of our chart, or a DevCache document.
        name: The name of the package.
        entry: How it is declared.
        where: What error messages call the file.

    Raises:
        DevcacheError: It is no YAML, has that package already, or has a YAML alias.
    """
    root = nodes.compose(text, where=where)
    path = (*packages_path(root), name)
    known = nodes.get(root, *path)
    if known is not None and not nodes.is_null(known):
        problem = f"the package {quoted(name)} is declared already"
        raise DevcacheError(problem, where=where, hint="choose another name by --name")
    if root is None:
        newline = "" if not text or text.endswith("\n") else "\n"
        return text + newline + emit.block(_nested(path, entry))
    try:
        edits.require_no_alias(text)
        return edits.apply(text, _edits(text, root, path, entry))
    except DevcacheError as error:
        hint = "write it out, or add the package by hand"
        raise DevcacheError(error.problem, where=where, hint=hint) from error


def _edits(
    text: str, root: yaml.Node, path: tuple[str, ...], entry: dict[str, Plain]
) -> list[Edit]:
    """Return the edits: as `edits.put` makes them, but in block style also into what is empty."""
    parent = root
    for depth, step in enumerate(path):
        found = [(key, value) for key, value in nodes.pairs(parent) if nodes.text(key) == step]
        if not found:
            break
        key, child = found[-1]
        if _is_empty(child) and not _in_flow(parent):
            block = emit.block(
                _nested(path[depth + 1 :], entry), indent=key.start_mark.column + _INDENT
            )
            return _in_place_of(text, key, child, block)
        parent = child
    edit = edits.put(text, root, path, entry)
    is_inserted = edit.start == edit.end and not _in_flow(parent)
    return [_behind_comments(text, edit, parent.start_mark.column) if is_inserted else edit]


def _behind_comments(text: str, edit: Edit, column: int) -> Edit:
    """Return an insertion moved behind the comments that are indented by more than `column`.

    Those belong to what stands above them, e.g. to the last package.
    """
    place = edit.start
    for line in _COMMENTS.finditer(text, place):
        if line.start() != place or len(line[1]) <= column:
            break
        place = line.end()
    newline = "" if text[:place].endswith("\n") else "\n"
    return Edit(place, place, newline + edit.replacement.removeprefix("\n"))


def _nested(path: tuple[str, ...], entry: dict[str, Plain]) -> dict[str, Plain]:
    for step in reversed(path):
        entry = {step: entry}
    return entry


def _is_empty(node: yaml.Node) -> bool:
    return nodes.is_null(node) or (isinstance(node, yaml.MappingNode) and not node.value)


def _in_flow(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode) and bool(node.flow_style)


def _in_place_of(text: str, key: yaml.Node, value: yaml.Node, block: str) -> list[Edit]:
    """Return the edits that put a block behind the line of a key instead of its empty value."""
    colon = text.index(":", key.end_mark.index) + 1
    end = max(value.end_mark.index, colon)
    line_end = text.find("\n", end) + 1 or len(text)
    newline = "" if text[:line_end].endswith("\n") else "\n"
    return [Edit(colon, end, ""), Edit(line_end, line_end, newline + block)]
