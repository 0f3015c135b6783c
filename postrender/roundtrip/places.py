"""The places of the parts of a YAML file, and the places for additions."""

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
"""The line breaks of YAML 1.1, and therefore of Helm."""


class Places:
    """A file with at most one YAML document, and the places of its parts.

    A place is a position in the file, in characters from the beginning.

    Attributes:
        text: The text of the file.
        root: The root node of the document, or None if there is no document.
        aliases: The YAML aliases of the document.
    """

    def __init__(self, text: str, *, where: str) -> None:
        """Read a file.

        Args:
            text: The text. `nodes.compose` must accept it, because only that limits the nesting.
            where: The file, for error messages.

        Raises:
            DevcacheError: ruamel.yaml cannot read the text.
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

    def refusal(
        self, place: int, problem: str, *, hint: str = "add the package by hand"
    ) -> DevcacheError:
        """Return a refusal that names the line of a place.

        Args:
            place: The place of the problem.
            problem: The problem, as in `DevcacheError`.
            hint: The next step for the user.
        """
        line = len(_LINE_BREAK.findall(self.text, 0, place)) + 1
        return DevcacheError(problem, where=f"{self._where}, line {line}", hint=hint)

    def body(self, node: Node) -> Token | None:
        """Return a node's first token after its anchor and tag, or None if the node has no text.

        For a block collection it is the token without text where the first key or item begins.
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
        """Return the last token with text that ends at or before a place."""
        return self._visible[bisect_right(self._visible, place, key=_end) - 1]

    def after(self, place: int) -> Token | None:
        """Return the first token with text that begins at or after a place, or None."""
        following = bisect_left(self._visible, place, key=_start)
        return self._visible[following] if following < len(self._visible) else None

    def below(self, place: int, column: int) -> int:
        """Return the place for a new line below a place.

        Args:
            place: The end of the text above the new line.
            column: The column of the mapping. Comments with a larger indent belong to the text.
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
        """Return the end of an empty document: the place of its `...`, or the end of the file."""
        for token in reversed(self._tokens):
            if isinstance(token, DocumentStartToken):
                break
            if isinstance(token, DocumentEndToken):
                return _start(token)
        return len(self.text)

    def lines(self, place: int, text: str) -> str:
        """Return text as new lines at a place, with the line breaks of this file.

        Args:
            place: The place of the new lines.
            text: The lines, each with a line feed at its end.
        """
        breaks = _LINE_BREAK.findall(self.text, 0, place)
        line_break: str = breaks[-1] if breaks else "\n"
        break_before = "" if self._begins_line(place) else line_break
        return break_before + text.replace("\n", line_break)

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
