"""A stream of manifests as documents with their exact text: split, identify, join."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from postrender import labels
from postrender.errors import DevcacheError, quoted
from postrender.manifests import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import yaml

_STREAM = "the rendered manifests"
"""What error messages call it."""

_SEPARATOR = re.compile(rb"---(?<![^\n]---)(?=[ \t\r\n]|\Z)")
"""YAML's document marker: `---` at the start of a line, alone or before a blank.

It begins with its literal, which is searched for many times faster than the start of a line.
"""

_BARE_SEPARATOR = re.compile(rb"---[ \t]*(#[^\n]*)?\r?(\n|\Z)")

_ORIGIN = re.compile(
    r"(?:---[^\n]*\n)?(?:[ \t]*\r?\n|#[^\n]*\n)*?(#(?: Source:|### file:) [^\r\n]+)"
)
"""The leading comment that names a document's template: Helm 3's, or helm-unittest's."""


class Document:
    """One document of a stream.

    Attributes:
        content: All of it, from its `---` line (if it has one) to the next document's.
        line: The number of its first line in the stream, from 1.
    """

    def __init__(self, content: bytes, line: int) -> None:
        """Hold a document; nothing is decoded or parsed before it is asked for."""
        self.content = content
        self.line = line

    @property
    def text(self) -> str:
        """Its text to the byte."""
        return self.content.decode()

    @cached_property
    def root(self) -> yaml.Node | None:
        """The root node, or None for a document of comments only.

        Raises:
            DevcacheError: The text is not YAML.
        """
        return nodes.compose(self.text, where=self.origin, first_line=self.line)

    def mentions(self, *words: str) -> bool:
        """Return whether all words occur in it: cheap, where `root` parses all of it."""
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
        """Whether it is a Helm hook: in the stream of Helm 4, not of Helm 3."""
        return nodes.get(self.root, "metadata", "annotations", labels.HOOK) is not None

    @property
    def title(self) -> str:
        """What error messages call the object, e.g. `Deployment crossplane-system/crossplane`."""
        name = "/".join(filter(None, (self.namespace, self.name)))
        return f"{self.kind} {name if name.isprintable() else quoted(name)}"

    @property
    def origin_comment(self) -> str:
        """The line that names the template, e.g. `# Source: crossplane/templates/x.yaml`, or ""."""
        found = _ORIGIN.match(self.text)
        return found.group(1) if found else ""

    @property
    def filename(self) -> str:
        """Helm 4's note of the template, or ""."""
        return nodes.text(nodes.get(self.root, "metadata", "annotations", labels.FILENAME))

    @property
    def origin(self) -> str:
        """What error messages call the document when it cannot be parsed."""
        _, _, template = self.origin_comment.partition(": ")
        return template or _STREAM


def split(stream: bytes) -> tuple[Document, ...]:
    """Return the documents of a stream; their contents joined are the stream again.

    Separators are lines, as in Helm: `---`, then at most blanks and a comment. What stands between
    two of them may be empty or only comments.

    Raises:
        DevcacheError: It is not UTF-8, or a separator's line has content on it (`--- {a: b}`),
            which Helm refuses too.
    """
    starts = [found.start() for found in _SEPARATOR.finditer(stream)]
    for start in starts:
        if not _BARE_SEPARATOR.match(stream, start):
            line = stream.count(b"\n", 0, start) + 1
            problem = "something follows the document separator `---` on its line"
            raise DevcacheError(problem, where=f"{_STREAM}, line {line}")
    edges = sorted({0, *starts, len(stream)})
    return tuple(_documents(stream, edges))


def _documents(stream: bytes, edges: list[int]) -> Iterator[Document]:
    line = 1
    for start, end in pairwise(edges):
        content = stream[start:end]
        if not content.isascii():
            nodes.decoded(content, where=_STREAM, first_line=line)
        yield Document(content, line)
        line += content.count(b"\n")


def require_manifests(documents: Iterable[Document]) -> None:
    """Refuse what is no stream of manifests at all; parses every document, so only for an error.

    Raises:
        DevcacheError: A document is not YAML, or all of them are empty.
    """
    roots = [document.root for document in documents]
    if all(root is None or nodes.is_null(root) for root in roots):
        problem = "there are no manifests on stdin"
        raise DevcacheError(problem, hint="run it by Helm: --post-renderer crossplane-devcache")


def join(documents: Iterable[Document]) -> list[bytes]:
    """Return the stream of the documents, each beginning on a line and the last one ending it.

    In pieces, to be written one after the other: joined, the stream would be in memory twice.
    """
    pieces: list[bytes] = []
    for document in documents:
        if pieces and not pieces[-1].endswith(b"\n"):
            pieces.append(b"\n")
        if pieces and not document.content.startswith(b"---"):
            pieces.append(b"---\n")
        pieces.append(document.content)
    return pieces
