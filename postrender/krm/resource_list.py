"""Splits a ResourceList into its items with their text, and joins changed items into a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import yaml

from postrender.errors import DevcacheError
from postrender.manifests import changes, edits, emit, nodes, stream
from postrender.manifests.changes import Change
from postrender.manifests.stream import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.manifests.nodes import Plain

KIND = "ResourceList"
_GROUP = "config.kubernetes.io/"

_WHERE = "the ResourceList"
"""The input, for error messages."""


class _Item(NamedTuple):
    """An item in block style.

    Attributes:
        lines: Its lines in the list.
        document: The item as a document.
        dash: The column of its dash.
        width: The indent of its other lines, in columns.
    """

    lines: str
    document: Document
    dash: int
    width: int

    def indented(self, document: Document) -> str:
        """Return the lines of another document in place of the item."""
        return _indented(document.text, self.dash, self.width)


class ResourceList(NamedTuple):
    """A ResourceList (KRM functions specification v1).

    Attributes:
        text: Its text, with a final line break.
        root: Its root node.
        documents: Its items as documents.
        items: The same items with their lines in the text, or none if an item cannot be read from
            its lines alone, as in JSON.
    """

    text: str
    root: yaml.Node
    documents: tuple[Document, ...]
    items: tuple[_Item, ...]

    @property
    def function_config(self) -> yaml.Node | None:
        """The functionConfig, or None."""
        node = nodes.get(self.root, "functionConfig")
        return None if nodes.is_null(node) else node

    def with_items(
        self, documents: Iterable[Document], added: Sequence[dict[str, Plain]]
    ) -> list[bytes]:
        """Return the list with other items, in pieces. An unchanged item keeps its bytes.

        Args:
            documents: Documents of the list in their order, each unchanged or `changed`.
            added: The objects that follow them.

        Raises:
            DevcacheError: `items` is empty, and an item has an alias or a repeated key.
        """
        if not self.items:
            return self._of_values([*map(_value, documents), *added])
        by_line = {item.document.line: item for item in self.items}
        pieces: list[str] = []
        for document in documents:
            item = by_line[document.line]
            unchanged = document is item.document
            pieces.append(item.lines if unchanged else item.indented(document))
        dash = self.items[0].dash
        pieces += (_indented(emit.block(value), dash, dash + 2) for value in added)
        lines = self.text.splitlines(keepends=True)
        start = self.items[0].document.line - 1
        end = start + sum(len(item.lines.splitlines()) for item in self.items)
        texts = ("".join(lines[:start]), *pieces, "".join(lines[end:]))
        return [text.encode() for text in texts]

    def with_error(self, message: str) -> list[bytes]:
        """Return the list with an error as its only result; nothing else changes.

        Raises:
            DevcacheError: The list has an alias.
        """
        results: list[Plain] = [{"message": message, "severity": "error"}]
        change = Change(("results",), results)
        return [edits.changed(self.text, self.root, [change], where=_WHERE).encode()]

    def _of_values(self, items: list[Plain]) -> list[bytes]:
        values = nodes.plain_value(self.root, where=_WHERE)
        assert isinstance(values, dict)  # noqa: S101  # it has a kind
        return [emit.block({**values, "items": items}).encode()]


def find(content: bytes) -> ResourceList | None:
    """Return the ResourceList in a stream, or None for a stream of manifests.

    Args:
        content: The content of stdin.

    Raises:
        DevcacheError: The stream is not YAML, or an item of the list is not a mapping.
    """
    documents = stream.split(content)
    for document in documents:
        if not document.mentions(KIND, _GROUP):  # do not parse each document of a release
            continue
        if document.kind != KIND or not document.api_version.startswith(_GROUP):
            continue
        others = (other.root for other in documents if other is not document)
        is_alone = all(root is None or nodes.is_null(root) for root in others)
        return _read(document) if is_alone else None
    return None


def _read(document: Document) -> ResourceList:
    text = document.terminated().decode()
    root = nodes.compose(text, where=_WHERE)
    assert root is not None  # noqa: S101  # it has a kind
    sequence = nodes.get(root, "items")
    mappings = [item for item in nodes.items(sequence) if isinstance(item, yaml.MappingNode)]
    if len(mappings) < len(nodes.items(sequence)):
        problem = "has an item that is not a mapping"
        raise DevcacheError(problem, where=_WHERE)
    items = _items(text, sequence)
    documents = tuple(item.document for item in items) or _documents(sequence)
    return ResourceList(text, root, documents, items)


def _documents(sequence: yaml.Node | None) -> tuple[Document, ...]:
    """Return the values of the items as documents.

    They are read at once: an item that an alias repeats would take memory each time.
    """
    values = nodes.plain_value(sequence, where=_WHERE) if sequence else None
    objects = values if isinstance(values, list) else []
    return tuple(
        Document(emit.document(value).encode(), number)
        for number, value in enumerate(objects, start=1)
    )


def _items(text: str, sequence: yaml.Node | None) -> tuple[_Item, ...]:
    """Return the items with their lines, or none if one cannot be read from its lines alone."""
    if not isinstance(sequence, yaml.SequenceNode) or sequence.flow_style:
        return ()
    lines = text.splitlines(keepends=True)
    dash = sequence.start_mark.column
    starts = _starts(lines, sequence.value, dash)
    if len(starts) < len(sequence.value):
        return ()
    ends = [*starts[1:], sequence.end_mark.line]
    items = []
    for node, start, end in zip(sequence.value, starts, ends, strict=True):
        width = node.start_mark.column
        document = Document(_dedented(lines[start:end], dash, width).encode(), start + 1)
        if not _is_same(node, document):
            return ()
        items.append(_Item("".join(lines[start:end]), document, dash, width))
    return tuple(items)


def _starts(lines: Sequence[str], items: Iterable[yaml.Node], dash: int) -> list[int]:
    """Return the index of the line with the dash of each item, up to one without such a line."""
    starts: list[int] = []
    above = -1
    for item in items:
        first = item.start_mark.line
        candidates = range(first, above, -1)  # so that all items take linear time
        above = first
        prefix = " " * dash + "-"
        start = next((line for line in candidates if lines[line].startswith(prefix)), None)
        if start is None:
            break
        starts.append(start)
    return starts


def _is_same(node: yaml.Node, document: Document) -> bool:
    try:
        return changes.is_same(node, document.root)
    except DevcacheError:
        return False


def _dedented(lines: Sequence[str], dash: int, width: int) -> str:
    """Return the lines of an item without its dash and its indent."""
    first = " " * (dash + 1) + lines[0][dash + 1 :] if lines else ""
    return "".join(line[:width].lstrip(" ") + line[width:] for line in (first, *lines[1:]))


def _indented(text: str, dash: int, width: int) -> str:
    """Return a document as the lines of an item."""
    margin = " " * width
    lines = text.splitlines(keepends=True)
    indented = [margin + line if line.strip("\r\n") else line for line in lines]
    first = f"{margin[:dash]}-{margin[dash + 1 :]}"
    return "".join((first + lines[0], *indented[1:]))


def _value(document: Document) -> Plain:
    return nodes.plain(document.text, where=document.title)
