"""Draws a dependency graph as a Mermaid flowchart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from postrender.graph import figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.graph.figure import Arrow, Style
    from postrender.graph.graph import Graph

_CLASSES: dict[Style, str] = {
    "local": "fill:#d5f0d5,stroke:#2c7a2c,color:#000",
    "unreadable": "fill:#f9d6d5,stroke:#b3261e,color:#000",
    "pulled": "fill:#d6ecf5,stroke:#2a6f8f,color:#000",
    "missing": "fill:#f9d6d5,stroke:#b3261e,color:#000,stroke-dasharray:4",
    "more": "fill:#eee,stroke:#777,color:#000",
}

_SPECIAL = re.compile("[^A-Za-z0-9 .,:=/-]")

_SYNTAX = re.compile(r"(?<=\$)(?=\$)|(?<=\\)(?=n)|(?<=ﬂ)(?=°)|(?<=¶)(?=ß)|(?<=:)(?=fa-)")
"""The places within marks of TeX, line breaks, entities and icons, which Mermaid reads even if
their characters are escaped."""

_WORD_JOINER = "\u2060"
"""An invisible character."""


def draw(graph: Graph) -> str:
    """Return a graph as a flowchart."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    boxes, arrows = figure.draw(graph)
    yield "flowchart TD"
    for box in boxes:
        text = "<br/>".join(map(_escaped, box.lines))
        yield f'  {box.id}["{text}"]:::{box.style}'
    for arrow in arrows:
        yield f"  {arrow.tail} {_line(arrow)} {arrow.head}"
    for style, properties in _CLASSES.items():
        if any(box.style == style for box in boxes):
            yield f"  classDef {style} {properties}"


def _line(arrow: Arrow) -> str:
    line = "-.->" if arrow.is_problem else "-->"
    return f'{line}|"{_escaped(arrow.text)}"|' if arrow.text else line


def _escaped(text: str) -> str:
    """Return a text for a quoted label, where `#60;` stands for `<`.

    All special characters are escaped: Mermaid reads some as Markdown or HTML.
    """
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", _SYNTAX.sub(_WORD_JOINER, text))
