"""The places of a YAML text's parts, from its tokens, and the places where more lines fit in."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple, Protocol

from postrender.errors import DevcacheError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
"""A line break in YAML 1.1, and so in Helm."""

_BEFORE_BODY = frozenset(("StreamStart", "Anchor", "Tag"))


class Mark(Protocol):
    """A position in a text, as PyYAML and ruamel.yaml give it."""

    @property
    def index(self) -> int:
        """The number of characters before it."""

    @property
    def column(self) -> int:
        """The number of characters before it on its line."""


class Node(Protocol):
    """A node or a token of PyYAML or ruamel.yaml."""

    @property
    def start_mark(self) -> Mark:
        """Its first character; an anchor and a tag belong to it."""

    @property
    def end_mark(self) -> Mark:
        """The place after it; of a collection in block style, the next token."""


class Collection(Node, Protocol):
    """A mapping or sequence of PyYAML or ruamel.yaml."""

    @property
    def flow_style(self) -> bool | None:
        """Whether it stands in brackets or braces."""


class Token(NamedTuple):
    """A token of a YAML scanner.

    Attributes:
        kind: The name of its class in PyYAML and ruamel.yaml, without `Token`, such as `Scalar`.
        start: The place of its first character.
        end: The place after it.
        column: The number of characters before it on its line.
    """

    kind: str
    start: int
    end: int
    column: int


def tokens(scanned: Iterable[Node]) -> list[Token]:
    """Return the tokens of a scanner, PyYAML's or ruamel.yaml's."""
    return [
        Token(
            type(token).__name__.removesuffix("Token"),
            token.start_mark.index,
            token.end_mark.index,
            token.start_mark.column,
        )
        for token in scanned
    ]


class Source(NamedTuple):
    """The origin of a text.

    Attributes:
        where: The file or object.
        hint: The way out of a refusal.
        first_line: The number of its first line.
    """

    where: str
    hint: str
    first_line: int = 1


class Places:
    """A YAML text of one document at most, and the places of its parts.

    A place is a number of characters from the beginning of the text.

    Attributes:
        text: The text.
        aliases: The tokens of its aliases.
    """

    def __init__(
        self,
        text: str,
        tokens: Sequence[Token],
        comments: Sequence[Token] = (),
        *,
        source: Source,
    ) -> None:
        """Store the parts of a text.

        Args:
            text: The text.
            tokens: All its tokens, in their order.
            comments: The comments whose columns decide where a new line goes, in their order.
            source: The origin of the text, for refusals.
        """
        self.text = text
        self.aliases = [token for token in tokens if token.kind == "Alias"]
        self._source = source
        self._tokens = tokens
        self._comments = comments
        self._visible = [token for token in tokens if token.start < token.end]

    def refusal(self, place: int, problem: str, *, hint: str = "") -> DevcacheError:
        """Return a refusal that names the line of a place, with another hint if there is one."""
        where = f"{self._source.where}, line {self.line(place)}"
        return DevcacheError(problem, where=where, hint=hint or self._source.hint)

    def line(self, place: int) -> int:
        """Return the number of the line of a place."""
        return len(_LINE_BREAK.findall(self.text, 0, place)) + self._source.first_line

    def body(self, node: Node) -> Token | None:
        """Return a node's first token after its anchor and its tag, or None if it has no text.

        Of a collection in block style it is the invisible token before the first key or item.
        """
        first = bisect_left(self._tokens, node.start_mark.index, key=_start)
        last = bisect_left(self._tokens, node.end_mark.index, key=_start)
        own = self._tokens[first:last]
        return next((token for token in own if token.kind not in _BEFORE_BODY), None)

    def end(self, node: Node) -> int:
        """Return the end of a node's last token with text."""
        return self.before(node.end_mark.index).end

    def before(self, place: int) -> Token:
        """Return the last token with text that ends at a place or before it."""
        return self._visible[bisect_right(self._visible, place, key=_end) - 1]

    def after(self, place: int) -> Token | None:
        """Return the first token with text that begins at a place or after it, or None."""
        following = bisect_left(self._visible, place, key=_start)
        return self._visible[following] if following < len(self._visible) else None

    def below(self, place: int, column: int) -> int:
        """Return the place for a new line below the text that ends at `place`.

        Args:
            place: The end of the text above.
            column: The column of the new line. A comment in a greater column belongs to the text
                above.
        """
        line = self._line_end(place)
        following = self.after(line)
        stop = following.start if following else len(self.text)
        for comment in self._comments[bisect_left(self._comments, line, key=_start) :]:
            if comment.start >= stop or comment.column <= column:
                break
            line = self._line_end(comment.start)
        return line

    def end_of_document(self) -> int:
        """Return the end of an empty document: its `...`, or the end of the text."""
        for token in reversed(self._tokens):
            if token.kind == "DocumentStart":
                break
            if token.kind == "DocumentEnd":
                return token.start
        return len(self.text)

    def lines(self, place: int, text: str) -> str:
        """Return text as lines of this text.

        Args:
            place: The place for the lines.
            text: The lines, each with a final line feed.
        """
        return self.broken(place, text if self._begins_line(place) else f"\n{text}")

    def broken(self, place: int, text: str) -> str:
        """Return text with the kind of line break that is the last one before a place."""
        breaks = _LINE_BREAK.findall(self.text, 0, place) or ["\n"]
        return text.replace("\n", breaks[-1])

    def _line_end(self, place: int) -> int:
        if self._begins_line(place):
            return place
        line_break = _LINE_BREAK.search(self.text, place)
        return line_break.end() if line_break else len(self.text)

    def _begins_line(self, place: int) -> bool:
        above = self.text[:place].removeprefix("\ufeff")
        return not above or _LINE_BREAK.fullmatch(above[-1]) is not None


def _start(token: Token) -> int:
    return token.start


def _end(token: Token) -> int:
    return token.end
