"""Splits a stream of manifests into documents with their exact text, and joins them again."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from postrender import labels
from postrender.errors import DevcacheError, quoted
from postrender.manifests import edits, ending, nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import yaml

    from postrender.manifests.changes import Change, Removal

_STREAM = "the rendered manifests"
"""The stream, for error messages."""

_SEPARATOR = re.compile(rb"---(?<![^\n]---)(?=[ \t\r\n]|\Z)")
"""YAML's document marker: `---` at the start of a line, alone or before a blank.

The pattern begins with the literal, because a search for that is many times faster.
"""

_BARE_SEPARATOR = re.compile(rb"---[ \t]*(#[^\n]*)?\r?(\n|\Z)")

_ORIGIN = re.compile(
    r"\ufeff?+(?:---[^\n]*\n)?+"
    r"(?:[ \t]*+\r?\n|(?!# Source: [^\r\n]|#### file: [^\r\n])#[^\n]*+\n)*+"
    r"(#(?: Source:|### file:) [^\r\n]+)"
)
"""The leading comment with the name of a document's template, by Helm 3 or helm-unittest."""


class Document:
    """One document of a stream.

    Attributes:
        content: All its bytes, from its `---` line (if any) up to that of the next document.
        line: The number of its first line in the stream, from 1.
    """

    def __init__(self, content: bytes, line: int) -> None:
        """Store the content; it is decoded and parsed on first use."""
        self.content = content
        self.line = line

    @property
    def text(self) -> str:
        """The exact text."""
        return self.content.decode()

    @cached_property
    def root(self) -> yaml.Node | None:
        """The root node, or None for a document of comments only.

        Raises:
            DevcacheError: The text is not YAML.
        """
        return nodes.compose(self.text, where=self.origin, first_line=self.line)

    def changed(self, requested: Sequence[Change | Removal]) -> Document:
        """Return the document after changes, with a final line break.

        Raises:
            DevcacheError: The document cannot be changed in its text; see `edits.changed`.
        """
        content = self.terminated()
        whole = self if content is self.content else Document(content, self.line)
        text = edits.changed(
            whole.text, whole.root, requested, where=self.title, first_line=self.line
        )
        return Document(text.encode(), self.line)

    def terminated(self) -> bytes:
        """Return the content with a final line break, which adds nothing to a value.

        Raises:
            DevcacheError: There is no final line break, and the text is not YAML.
        """
        if self.content.endswith(b"\n"):
            return self.content
        return ending.terminated(self.text, where=self.origin, first_line=self.line).encode()

    def mentions(self, *words: str) -> bool:
        """Return whether all words occur in the document, without parsing it."""
        return all(word.encode() in self.content for word in words)

    @property
    def kind(self) -> str:
        """The object's kind, e.g. `Deployment`, or ""."""
        return nodes.text(nodes.get(self.root, "kind"))

    @property
    def api_version(self) -> str:
        """The object's apiVersion, e.g. `apps/v1`, or ""."""
        return nodes.text(nodes.get(self.root, "apiVersion"))

    @property
    def name(self) -> str:
        """The object's name, or ""."""
        return nodes.text(nodes.get(self.root, "metadata", "name"))

    @property
    def namespace(self) -> str:
        """The namespace that the object names, or ""."""
        return nodes.text(nodes.get(self.root, "metadata", "namespace"))

    @property
    def is_hook(self) -> bool:
        """Whether the object is a Helm hook; only Helm 4 passes hooks to a post-renderer."""
        return nodes.get(self.root, "metadata", "annotations", labels.HOOK) is not None

    @property
    def title(self) -> str:
        """The object, for error messages, e.g. `Deployment crossplane-system/crossplane`."""
        name = "/".join(filter(None, (self.namespace, self.name)))
        return f"{self.kind} {name if name.isprintable() else quoted(name)}"

    @property
    def origin_comment(self) -> str:
        """The line with the template, e.g. `# Source: crossplane/templates/x.yaml`, or ""."""
        match = _ORIGIN.match(self.text)
        return match[1] if match else ""

    @property
    def filename(self) -> str:
        """The value of the annotation in which Helm 4 records the template, or ""."""
        return nodes.text(nodes.get(self.root, "metadata", "annotations", labels.FILENAME))

    @property
    def origin(self) -> str:
        """The document, for error messages when it cannot be parsed."""
        _, _, template = self.origin_comment.partition(": ")
        return template or _STREAM


def split(stream: bytes) -> tuple[Document, ...]:
    """Return the documents of a stream; their joined contents are the stream.

    As in Helm, a separator is a line of `---`, optionally with blanks and a comment. A document
    may be empty or consist of comments.

    Raises:
        DevcacheError: The stream is not UTF-8, or a separator line has content (`--- {a: b}`),
            which Helm refuses as well.
    """
    starts = [match.start() for match in _SEPARATOR.finditer(stream)]
    for start in starts:
        if not _BARE_SEPARATOR.match(stream, start):
            line = stream.count(b"\n", 0, start) + 1
            problem = "content follows the document separator `---` on the same line"
            raise DevcacheError(problem, where=f"{_STREAM}, line {line}")
    edges = sorted({0, *starts, len(stream)})
    return tuple(_documents(stream, edges))


def _documents(stream: bytes, edges: list[int]) -> Iterator[Document]:
    line = 1
    for start, end in pairwise(edges):
        content = stream[start:end]
        if not content.isascii():
            nodes.decode(content, where=_STREAM, first_line=line)
        yield Document(content, line)
        line += content.count(b"\n")


def require_manifests(documents: Iterable[Document]) -> None:
    """Refuse a stream without any manifest. It parses every document: call it only on an error.

    Raises:
        DevcacheError: A document is not YAML, or all of them are empty.
    """
    roots = [document.root for document in documents]
    if all(root is None or nodes.is_null(root) for root in roots):
        problem = "there are no manifests on stdin"
        hint = "see the error of the program before the pipe; with Helm 3, omit --output-dir"
        raise DevcacheError(problem, hint=hint)


def join(documents: Sequence[Document]) -> list[bytes]:
    """Return the stream of the documents, in pieces, with missing separators and line breaks added.

    The caller writes the pieces one by one, because joining them would double the memory.

    Raises:
        DevcacheError: A document before the last one has no final line break, and is not YAML.
    """
    pieces: list[bytes] = []
    for document in documents:
        if pieces and not document.content.startswith(b"---"):
            pieces.append(b"---\n")
        pieces.append(document.content if document is documents[-1] else document.terminated())
    return pieces
