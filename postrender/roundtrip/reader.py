"""A YAML file as ruamel.yaml's round trip reads it: nodes, tokens and comments with their places.

ruamel.yaml's dumper would write the file anew, with its own indentation and line breaks. So only
places are taken from it, and never a value.
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
"""ruamel.yaml begins no new line behind these."""

_BLANK_LINE = re.compile(r"(?<![^\r\n])[ \t]+(?![^\r\n])")
"""ruamel.yaml takes such a line at the top of a block scalar for the indentation of that."""

_BLANKS = re.compile(r"(?<=\S)[ \t]+")
"""ruamel.yaml takes no tab for a blank within a line, unless in flow style."""


class Reading(NamedTuple):
    """What ruamel.yaml reads in a file.

    Attributes:
        root: The node of the one document, or None if there is none.
        tokens: All tokens, in their order.
        comments: All comments between them, in their order.
    """

    root: Node | None
    tokens: Sequence[Token]
    comments: Sequence[Token]


class Unreadable(Exception):  # noqa: N818  # what the file is
    """ruamel.yaml cannot read a file.

    Attributes:
        place: The number of characters before what it cannot read.
    """

    def __init__(self, place: int) -> None:
        """Hold the place."""
        super().__init__(place)
        self.place = place


class _Scanner(RoundTripScanner):
    """Writes down each token and each comment, with its place.

    ruamel.yaml's parser joins comments that follow each other, and that hides where they stand.
    """

    def __init__(self, loader: YAML | None = None) -> None:
        self.passed: list[tokens.Token] = []
        self.comments: list[CommentToken] = []
        super().__init__(loader)

    def get_token(self) -> tokens.Token | None:
        token: tokens.Token | None = super().get_token()
        if token:
            self.passed.append(token)
        return token

    def scan_to_next_token(self) -> None:
        while True:
            comment = super().scan_to_next_token()
            if comment:
                self.comments.append(CommentToken(*comment))
            elif self.reader.peek() == "\t":  # libyaml takes it for a blank between tokens
                self.reader.forward()
            else:
                return


def read(text: str) -> Reading:
    """Read the text of a file, after `nodes.compose`, which limits how deep it nests.

    Raises:
        Unreadable: ruamel.yaml cannot read it.
    """
    reader = YAML(typ="rt", pure=True)
    reader.version = (1, 1)
    reader.Scanner = _Scanner
    try:
        root = reader.compose(_readable(text))
    except YAMLError as error:
        raise Unreadable(_place(error)) from None
    comments = [comment for comment in reader.scanner.comments if comment.value.startswith("#")]
    return Reading(root, places.tokens(reader.scanner.passed), places.tokens(comments))


def _readable(text: str) -> str:
    """Return a text with the same places, of which ruamel.yaml reads what libyaml reads."""
    text = _BLANK_LINE.sub(lambda blanks: "\n" * len(blanks[0]), text.translate(_AS_LINE_FEEDS))
    return _BLANKS.sub(lambda blanks: " " * len(blanks[0]), text)


def _place(error: YAMLError) -> int:
    if not isinstance(error, MarkedYAMLError):
        return 0
    mark = error.problem_mark or error.context_mark
    return mark.index if mark else 0
