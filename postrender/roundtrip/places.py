"""Where the parts of a YAML file stand in it, and where more can be put in."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from ruamel.yaml.tokens import (
    AliasToken,
    AnchorToken,
    DocumentEndToken,
    DocumentStartToken,
    TagToken,
)

from postrender.errors import DevcacheError
from postrender.roundtrip import reader

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node
    from ruamel.yaml.tokens import Token

_LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML 1.1, and so Helm, takes for the end of a line."""


class Places:
    """A file that holds one YAML document at most, and the places of its parts.

    A place is a number of characters from the beginning of the file.

    Attributes:
        text: The text of the file.
        root: The node of the document, or None if there is none.
        aliases: The YAML aliases of the document.
    """

    def __init__(self, text: str, *, where: str) -> None:
        """Read a file.

        Args:
            text: The text, after `nodes.compose` has read it: that limits how deep it nests.
            where: What error messages call the file.

        Raises:
            DevcacheError: ruamel.yaml cannot read it.
        """
        self.text = text
        self._where = where
        try:
            self.root, self._tokens, self._comments = reader.read(text)
        except reader.Unreadable as error:
            problem = "is YAML that ruamel.yaml cannot read"
            raise self.refusal(error.place, problem) from None
        self._visible = [token for token in self._tokens if _start(token) < _end(token)]
        self.aliases = [token for token in self._tokens if isinstance(token, AliasToken)]

    def refusal(self, place: int, problem: str, *, hint: str = "add it by hand") -> DevcacheError:
        """Return a refusal that names the line of a place.

        Args:
            place: A place.
            problem: What is wrong there.
            hint: What to do next.
        """
        line = len(_LINE_BREAK.findall(self.text, 0, place)) + 1
        return DevcacheError(problem, where=f"{self._where}, line {line}", hint=hint)

    def body(self, node: Node) -> Token | None:
        """Return a node's first token behind its anchor and its tag, or None if it has no text.

        For a collection in block style it is the invisible one where the first key or item begins.
        """
        first = bisect_left(self._tokens, node.start_mark.index, key=_start)
        last = bisect_left(self._tokens, node.end_mark.index, key=_start)
        return next(
            (
                token
                for token in self._tokens[first:last]
                if not isinstance(token, AnchorToken | TagToken)
            ),
            None,
        )

    def before(self, place: int) -> Token:
        """Return the last token with text that ends at a place or before it."""
        return self._visible[bisect_right(self._visible, place, key=_end) - 1]

    def after(self, place: int) -> Token | None:
        """Return the first token with text that begins at a place or behind it, or None."""
        following = bisect_left(self._visible, place, key=_start)
        return self._visible[following] if following < len(self._visible) else None

    def below(self, place: int, column: int) -> int:
        """Return where a line can be put in below a place.

        Args:
            place: The end of what it goes below.
            column: Comments that are indented by more belong to what they stand below.
        """
        line = self._line_end(place)
        following = self.after(line)
        stop = _start(following) if following else len(self.text)
        for comment in self._comments[bisect_left(self._comments, line, key=_start) :]:
            if _start(comment) >= stop or comment.column <= column:
                break
            line = self._line_end(_start(comment))
        return line

    def end(self) -> int:
        """Return where an empty document ends: before its `...`, or where the file does."""
        for token in reversed(self._tokens):
            if isinstance(token, DocumentStartToken):
                break
            if isinstance(token, DocumentEndToken):
                return _start(token)
        return len(self.text)

    def lines(self, place: int, text: str) -> str:
        """Return text as lines of this file.

        Args:
            place: Where they go.
            text: The lines, each with a line feed behind it.
        """
        breaks = _LINE_BREAK.findall(self.text, 0, place)
        line_break: str = breaks[-1] if breaks else "\n"
        begun = "" if self._begins_line(place) else line_break
        return begun + text.replace("\n", line_break)

    def _line_end(self, place: int) -> int:
        if self._begins_line(place):
            return place
        line_break = _LINE_BREAK.search(self.text, place)
        return line_break.end() if line_break else len(self.text)

    def _begins_line(self, place: int) -> bool:
        above = self.text[:place].removeprefix("\ufeff")
        return not above or _LINE_BREAK.fullmatch(above[-1]) is not None


def _start(token: Token) -> int:
    return token.start_mark.index


def _end(token: Token) -> int:
    return token.end_mark.index
