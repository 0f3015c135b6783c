"""A drawing of a dependency graph as boxes and arrows, without the syntax of a format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from postrender.graph import wording
from postrender.graph.graph import Origin

if TYPE_CHECKING:
    from postrender.graph.graph import Edge, Graph, Node

Style = Literal[Origin, "more"]
"""The style of a box: the origin of its package, or that of a number of packages."""


class Box(NamedTuple):
    """A box.

    Attributes:
        id: Its name in the drawing: letters and digits.
        lines: Its text. Characters that a format reserves are not escaped yet.
        style: Its style.
    """

    id: str
    lines: tuple[str, ...]
    style: Style


class Arrow(NamedTuple):
    """An arrow from a package to its dependency.

    Attributes:
        tail: The id of the package's box.
        head: The id of the dependency's box.
        text: Its text, as in a box; "" for none.
        is_problem: Whether the dependency is in a cycle, or neither local nor pulled.
    """

    tail: str
    head: str
    text: str
    is_problem: bool


class Figure(NamedTuple):
    """The boxes and arrows of a drawing."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def draw(graph: Graph) -> Figure:
    """Return a graph as boxes and arrows."""
    excerpts = {package: graph.excerpt(package) for package in graph.by_package}
    heads = {edge.key for edges, _ in excerpts.values() for edge in edges}
    nodes = [node for node in graph.nodes if node.key.name or node.key in heads]
    ids = {node.key: f"p{number}" for number, node in enumerate(nodes, 1)}
    tails = {key.name: id_ for key, id_ in ids.items()}
    boxes = [Box(ids[node.key], _lines(node), node.origin) for node in nodes]
    arrows: list[Arrow] = []
    for package, (edges, rest) in excerpts.items():
        tail = tails[package]
        arrows += (
            _arrow(tail, ids[edge.key], edge, closes_cycle=edge in graph.cycle_edges)
            for edge in edges
        )
        if rest:
            boxes.append(Box(f"{tail}m", (wording.more(rest),), "more"))
            arrows.append(Arrow(tail, f"{tail}m", "", is_problem=False))
    return Figure(tuple(boxes), tuple(arrows))


def _lines(node: Node) -> tuple[str, ...]:
    lines = (node.key.name, wording.reference(node), node.origin, *node.settings)
    return tuple(filter(None, lines))


def _arrow(tail: str, head: str, edge: Edge, *, closes_cycle: bool) -> Arrow:
    notes = [wording.constraint(edge)]
    if edge.is_problem and edge.state != "refused":
        notes.append(edge.state)
    if closes_cycle:
        notes.append("a cycle")
    return Arrow(tail, head, ", ".join(notes), edge.is_problem or closes_cycle)
