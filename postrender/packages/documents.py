"""Splits a stream of YAML documents as Crossplane does, and identifies each document."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, NamedTuple

import yaml
from yaml.reader import ReaderError

from postrender.errors import DevcacheError, Refuse, raise_refusal
from postrender.manifests import nodes
from postrender.packages import identity
from postrender.packages.identity import Unidentified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.packages.budget import Budget
    from postrender.packages.identity import Identity

_LARGEST_PARSED = 4 << 20
"""The largest document in bytes that is parsed: Kubernetes cannot store a larger one."""

_LONGEST = 500
"""The longest apiVersion and kind in characters: Kubernetes' have at most 320."""

_PIECE = 1 << 20
"""The bytes to decode at a time: Python 3.14 can use four bytes of memory for each."""

_SEPARATOR = re.compile(rb"---(?<![^\n]---)([^\n]*)\n?")
"""`---` at the start of a line, and the rest of the line. The leading literal is for speed."""

_CONTENT = re.compile(rb"^[ \t\v\f]*(?!#|\.\.\.\s*$)\S", re.MULTILINE)
"""The start of the first line with content: Crossplane skips documents without such a line."""

ONLY_OBJECTS = "a package has only Kubernetes objects"
"""The hint for a document that is not a Kubernetes object."""


class DocumentError(DevcacheError):
    """The refusal of a document.

    Attributes:
        place: The line in the stream, and the column if it is known.
        is_broken: Whether the document is not valid YAML, so it may be an object with an error.
            Otherwise it is not a Kubernetes object.
    """

    def __init__(self, problem: str, *, where: str, place: str, is_broken: bool, hint: str) -> None:
        """Store the parts of the message, and the kind of problem."""
        super().__init__(problem, where=f"{where}, {place}", hint=hint)
        self.place = place
        self.is_broken = is_broken


class Document(NamedTuple):
    """One document of a stream."""

    identity: Identity
    text: bytes

    start: int
    """The number of bytes before it in the stream."""


def split(
    stream: bytes,
    budget: Budget,
    *,
    where: str,
    thorough: bool,
    refuse: Refuse = raise_refusal,
) -> Iterator[Document]:
    """Yield the documents that are not empty, as Crossplane reads them.

    A line that begins with `---` separates documents. Only blanks or a comment may follow on that
    line (apimachinery v0.35.1, pkg/util/yaml/decoder.go).

    Args:
        stream: The bytes of a package.yaml, or of one file of a package directory.
        budget: The budget of the package.
        where: The stream, for error messages.
        thorough: Whether to parse every document, for which the budget must suffice. Otherwise a
            document that begins with its apiVersion and kind counts as valid YAML, which is a
            hundred times faster.
        refuse: Receives a `DocumentError` for each document that is not UTF-8 or not YAML, or has
            no apiVersion or kind. If it does not raise it, the document is left out.

    Raises:
        DevcacheError: The stream exceeds the budget.
    """
    lines = _Lines(stream)
    for start, end, is_proper in _parts(stream):
        budget.documents.spend(1, where)
        text = stream[start:end]
        if _CONTENT.search(text):
            try:
                document_identity = _identity(text, budget, where=where, thorough=thorough)
            except (yaml.YAMLError, UnicodeDecodeError) as error:
                place = lines.place(start, *_place(error, text))
                refuse(
                    DocumentError(
                        _problem(error),
                        where=where,
                        place=place,
                        is_broken=not isinstance(error, Unidentified),
                        hint=_hint(error, text),
                    )
                )
            else:
                yield Document(document_identity, text, start)
        if not is_proper:
            problem = "more than a comment follows the document separator `---`"
            place = lines.place(end)
            refuse(DocumentError(problem, where=where, place=place, is_broken=True, hint=""))


class _Lines:
    """The places in a stream. All of them together take linear time."""

    def __init__(self, stream: bytes) -> None:
        """Start at the first line of a stream."""
        self._stream = stream
        self._position = 0
        self._line = 1

    def place(self, start: int, line: int = 0, column: int | None = None) -> str:
        """Return a place for messages.

        Args:
            start: The start of a document or separator, not before that of an earlier call.
            line: The line in it, counted from 0.
            column: The column, counted from 0, or None.
        """
        self._line += self._stream.count(b"\n", self._position, start)
        self._position = start
        place = f"line {self._line + line}"
        return place if column is None else f"{place}, column {column + 1}"


def _parts(stream: bytes) -> Iterator[tuple[int, int, bool]]:
    """Yield the start and the end of each document, and whether its end is a proper separator."""
    start = 0
    for separator in _SEPARATOR.finditer(stream):
        rest = separator[1].strip()
        yield start, separator.start(), not rest or rest.startswith(b"#")
        start = separator.end()
    yield start, len(stream), True


def _identity(text: bytes, budget: Budget, *, where: str, thorough: bool) -> Identity:
    """Return the identity of a document that is not empty, or raise the error of a bad one."""
    _require_utf8(text)
    document_identity = None if thorough else identity.scan(text)
    if document_identity is None:
        document_identity = _parse(text, budget, where)
    _require_complete(document_identity)
    return document_identity


def _require_utf8(text: bytes) -> None:
    if text.isascii():  # many times faster than decoding
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(text), _PIECE):
        end = start + _PIECE
        pending, _ = decoder.getstate()  # the first bytes of a character
        try:
            decoder.decode(text[start:end], final=end >= len(text))
        except UnicodeDecodeError as error:
            place = start - len(pending) + error.start
            raise UnicodeDecodeError("utf-8", text, place, place + 1, error.reason) from None


def _parse(text: bytes, budget: Budget, where: str) -> Identity:
    if len(text) > _LARGEST_PARSED or not budget.parsed.admits(len(text)):
        problem = "is too large, and does not begin with its apiVersion and kind"
        raise Unidentified(problem)
    budget.parsed.spend(len(text), where)
    return identity.parse(text, budget, where=where)


def _require_complete(document_identity: Identity) -> None:
    fields = {"apiVersion": document_identity.api_version, "kind": document_identity.kind}
    for field, value in fields.items():
        if not value:
            problem = f"has no {field}"
            raise Unidentified(problem)
        if len(value) > _LONGEST:
            problem = f"has more than {_LONGEST} characters in its {field}"
            raise Unidentified(problem)


def _problem(error: Exception) -> str:
    """Return the problem, without any content of the document."""
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    if isinstance(error, Unidentified):
        return f"a document {error.problem}"
    return nodes.syntax_problem(error)


def _hint(error: Exception, text: bytes) -> str:
    if isinstance(error, UnicodeDecodeError):
        return nodes.UTF_8_HINT
    if isinstance(error, Unidentified):
        return ONLY_OBJECTS
    return nodes.syntax_hint(text.decode("utf-8", "replace"), _place(error, text)[0])


def _place(error: Exception, text: bytes) -> tuple[int, int]:
    """Return the line and column of an error in its document, both counted from 0."""
    if isinstance(error, yaml.MarkedYAMLError | Unidentified) and error.problem_mark:
        return error.problem_mark.line, error.problem_mark.column
    first = _CONTENT.search(text)
    offset = first.start() if first else 0
    if isinstance(error, UnicodeDecodeError):
        offset = error.start
    elif isinstance(error, ReaderError):
        offset = error.position
    start = text.rfind(b"\n", 0, offset) + 1
    before = memoryview(text)[start:offset]  # no copy: a large document may be a single line
    return text.count(b"\n", 0, offset), len(str(before, "utf-8", "replace"))
