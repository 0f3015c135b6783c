"""The final line break of a YAML document, which must not become part of a value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from postrender.errors import DevcacheError
from postrender.manifests import changes, nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = r"([|>][1-9]?)[+-]?([1-9]?)"
"""The start of a block scalar: its style, indentation and line breaks at its end."""


def terminated(text: str, *, where: str, first_line: int = 1) -> str:
    """Return a document with a final line break and the same values.

    A block scalar would take the line break into its value, e.g. `key: |`. It becomes one that
    drops the line breaks at its end: `key: |-`.

    Args:
        text: One document.
        where: The document, for error messages.
        first_line: The number of its first line, for error messages.

    Raises:
        DevcacheError: There is no final line break, and the text is not YAML, or its last value
            cannot stay the same.
    """
    if text.endswith("\n"):
        return text
    root = nodes.compose(text, where=where, first_line=first_line)
    for candidate in _candidates(text):
        if changes.is_same(root, nodes.compose(candidate)):
            return candidate
    problem = "ends inside a value, without a line break"
    raise DevcacheError(problem, where=where, hint="end it with a line break")


def _candidates(text: str) -> Iterator[str]:
    yield f"{text}\n"
    missing = text.startswith(nodes.BYTE_ORDER_MARK)  # in the marks
    starts = (
        token.start_mark.index + missing
        for token in yaml.scan(text, Loader=nodes.LOADER)
        if isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}
    )
    for start in [*starts][-1:]:
        yield text[:start] + re.sub(_HEADER, r"\1-\2", text[start:], count=1) + "\n"
