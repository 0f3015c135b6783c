"""Reads a YAML file with ruamel.yaml: its nodes, tokens and comments, with their places.

ruamel.yaml's dumper would rewrite the file with its own indentation and line breaks. Therefore this
program takes only places from ruamel.yaml, and no values to write.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scanner import RoundTripScanner
from ruamel.yaml.tokens import CommentToken

from postrender.manifests import places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ruamel.yaml import tokens
    from ruamel.yaml.nodes import Node

    from postrender.manifests.places import Token

_AS_LINE_FEEDS = str.maketrans("\x85\u2028\u2029", "\n\n\n")
"""ruamel.yaml starts no new line after these characters."""

_BLANK_LINE = re.compile(r"(?<![^\r\n])[ \t]+(?![^\r\n])")
"""ruamel.yaml takes the indentation of a block scalar from such a line at its top."""

_BLANKS = re.compile(r"(?<=\S)[ \t]+")
"""Within a line, ruamel.yaml accepts a tab as a blank only in flow style."""


class Reading(NamedTuple):
    """The result of reading a file with ruamel.yaml.

    Attributes:
        root: The root node of the document, or None if there is no document.
        tokens: All tokens, in order.
        comments: All comments between the tokens, in order.
    """

    root: Node | None
    tokens: Sequence[Token]
    comments: Sequence[Token]


class Unreadable(Exception):  # noqa: N818  # the name describes the file
    """ruamel.yaml cannot read a file.

    Attributes:
        place: The place of the problem, in characters from the beginning of the file.
    """

    def __init__(self, place: int) -> None:
        """Store the place."""
        super().__init__(place)
        self.place = place


class _Scanner(RoundTripScanner):
    """Records each token and each comment, with its place.

    ruamel.yaml's parser joins consecutive comments, which hides their places.
    """

    def __init__(self, loader: YAML | None = None) -> None:
        self.all_tokens: list[tokens.Token] = []
        self.comments: list[CommentToken] = []
        super().__init__(loader)

    def get_token(self) -> tokens.Token | None:
        token: tokens.Token | None = super().get_token()
        if token:
            self.all_tokens.append(token)
        return token

    def scan_to_next_token(self) -> None:
        while True:
            comment = super().scan_to_next_token()
            if comment:
                self.comments.append(CommentToken(*comment))
            elif self.reader.peek() == "\t":  # libyaml accepts it as a blank between tokens
                self.reader.forward()
            else:
                return


def read(text: str) -> Reading:
    """Read the text of a file.

    `nodes.compose` must accept the text, because only that limits the nesting.

    Raises:
        Unreadable: ruamel.yaml cannot read the text.
    """
    reader = YAML(typ="rt", pure=True)
    reader.version = (1, 1)
    reader.Scanner = _Scanner
    try:
        root = reader.compose(_readable(text))
    except YAMLError as error:
        raise Unreadable(_place(error)) from None
    comments = [comment for comment in reader.scanner.comments if comment.value.startswith("#")]
    return Reading(root, places.tokens(reader.scanner.all_tokens), places.tokens(comments))


def _readable(text: str) -> str:
    """Return a text with the same places, which ruamel.yaml reads as libyaml reads the original."""
    text = _BLANK_LINE.sub(lambda blanks: "\n" * len(blanks[0]), text.translate(_AS_LINE_FEEDS))
    return _BLANKS.sub(lambda blanks: " " * len(blanks[0]), text)


def _place(error: YAMLError) -> int:
    if not isinstance(error, MarkedYAMLError):
        return 0
    mark = error.problem_mark or error.context_mark
    return mark.index if mark else 0
