"""Draws a dependency graph in the DOT language of Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.graph import figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from postrender.graph.figure import Style
    from postrender.graph.graph import Graph

_STYLES: dict[Style, str] = {
    "local": 'style="filled", fillcolor="#d5f0d5", color="#2c7a2c"',
    "unreadable": 'style="filled", fillcolor="#f9d6d5", color="#b3261e"',
    "pulled": 'style="filled", fillcolor="#d6ecf5", color="#2a6f8f"',
    "missing": 'style="filled,dashed", fillcolor="#f9d6d5", color="#b3261e"',
    "more": 'style="filled", fillcolor="#eeeeee", color="#777777"',
}

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "&": "&amp;"})
"""An attribute `label` may contain escape sequences such as `\\N`, and HTML entities."""


def draw(graph: Graph) -> str:
    """Return a graph as a `digraph`."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    boxes, arrows = figure.draw(graph)
    yield "digraph dependencies {"
    yield '  node [shape="box"];'
    for box in boxes:
        yield f'  "{box.id}" [label="{_label(box.lines)}", {_STYLES[box.style]}];'
    for arrow in arrows:
        style = ', style="dashed", color="#b3261e"' if arrow.is_problem else ""
        yield f'  "{arrow.tail}" -> "{arrow.head}" [label="{_label((arrow.text,))}"{style}];'
    yield "}"


def _label(lines: Iterable[str]) -> str:
    return r"\n".join(line.translate(_ESCAPES) for line in lines)
