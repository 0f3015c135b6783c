"""A stream of YAML documents, split where Crossplane splits it, each with what it is."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, NamedTuple

import yaml
from yaml.reader import ReaderError

from postrender.errors import DevcacheError
from postrender.manifests import nodes
from postrender.packages import identity
from postrender.packages.identity import Unidentified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.packages.identity import Identity

_MOST_DOCUMENTS = 100_000
"""Documents of a stream, empty ones too: the largest provider has some two thousand."""

_LARGEST_PARSED = 4 << 20
"""Bytes of a document that must be parsed to know what it is: Kubernetes stores none so large."""

_MOST_PARSED = 32 << 20
"""Bytes of all such documents of a stream: a second goes into each MiB."""

_PIECE = 1 << 20
"""Bytes decoded at a time: where not all is UTF-8, Python 3.14 takes four for each byte."""

_SEPARATOR = re.compile(rb"---(?<![^\n]---)([^\n]*)\n?")
"""`---` where a line begins, and the rest of the line. Searched as a literal, which is fast."""

_CONTENT = re.compile(rb"^[ \t\v\f]*(?!#|\.\.\.\s*$)\S", re.MULTILINE)
"""Where the first line with content begins: Crossplane passes over documents without one."""

_HINT = "a package holds Kubernetes objects alone; `ignore` leaves other files of a directory out"


class Document(NamedTuple):
    """One document of a stream."""

    identity: Identity
    text: bytes


def split(stream: bytes, *, where: str, thorough: bool) -> Iterator[Document]:
    """Yield the documents that are not empty, as Crossplane reads them.

    It splits at lines that begin with `---`, on which only blanks or a comment may follow
    (apimachinery v0.35.1, pkg/util/yaml/decoder.go).

    Args:
        stream: The bytes of a package.yaml, or of one file of a package directory.
        where: What error messages call it.
        thorough: Parse all of it. Otherwise a document that begins with its apiVersion and kind is
            taken for valid YAML, which is a hundred times faster.

    Raises:
        DevcacheError: It is no UTF-8 or no YAML, or a document does not say what it is.
    """
    parsed = 0
    for number, (start, end) in enumerate(_parts(stream, where)):
        if number == _MOST_DOCUMENTS:
            problem = f"more than {_MOST_DOCUMENTS} documents"
            raise DevcacheError(problem, where=where)
        text = stream[start:end]
        if not _CONTENT.search(text):
            continue
        try:
            _require_utf8(text)
            found = None if thorough else identity.scanned(text)
            if found is None:
                parsed += len(text)
                found = _parsed(text, parsed)
            _require_complete(found)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            line, column = _place(error, text)
            line += stream.count(b"\n", 0, start)
            place = f"{where}, line {line + 1}, column {column + 1}"
            hint = _HINT if isinstance(error, Unidentified) else ""
            raise DevcacheError(_problem(error), where=place, hint=hint) from error
        yield Document(found, text)


def _parts(stream: bytes, where: str) -> Iterator[tuple[int, int]]:
    """Yield where each document begins and ends."""
    start = 0
    for separator in _SEPARATOR.finditer(stream):
        rest = separator[1].strip()
        if rest and not rest.startswith(b"#"):
            line = stream.count(b"\n", 0, separator.start()) + 1
            problem = "a --- line that holds more than a comment"
            raise DevcacheError(problem, where=f"{where}, line {line}")
        yield start, separator.start()
        start = separator.end()
    yield start, len(stream)


def _require_utf8(text: bytes) -> None:
    if text.isascii():  # many times faster than to decode
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(text), _PIECE):
        end = start + _PIECE
        kept, _ = decoder.getstate()  # the first bytes of a character
        try:
            decoder.decode(text[start:end], final=end >= len(text))
        except UnicodeDecodeError as error:
            place = start - len(kept) + error.start
            raise UnicodeDecodeError("utf-8", text, place, place + 1, error.reason) from None


def _parsed(text: bytes, parsed: int) -> Identity:
    """Return the identity of a document, the last of `parsed` bytes to be parsed of a stream."""
    if len(text) > _LARGEST_PARSED or parsed > _MOST_PARSED:
        problem = "is too large not to begin with its apiVersion and kind"
        raise Unidentified(problem)
    return identity.parsed(text)


def _require_complete(found: Identity) -> None:
    for field, value in zip(("apiVersion", "kind"), found, strict=True):
        if not value:
            problem = f"has no {field}"
            raise Unidentified(problem)


def _problem(error: Exception) -> str:
    """Return what is wrong, without any content of the document."""
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    if isinstance(error, Unidentified):
        return f"a document {error.problem}"
    return nodes.syntax_problem(error)


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
    before = memoryview(text)[start:offset]  # the line may be all of a document, and that is large
    return text.count(b"\n", 0, offset), len(str(before, "utf-8", "replace"))
