"""Draws a dependency graph as a tree, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.graph import wording
from postrender.interface.report import Branch, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.graph.graph import Edge, Graph, Key, Node

_DEEPEST = 8
"""The number of levels below the root of a tree. A package below them begins another tree."""


def draw(graph: Graph) -> Tree:
    """Return a graph as a tree.

    The dependencies of a package are in the tree once. Elsewhere, the package refers to that place.
    """
    return Tree("Dependency tree", tuple(_Drawing(graph).branches()))


class _Drawing:
    """Draws a graph, with the dependencies of each package once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes = {node.key: node for node in graph.nodes}
        self._visited: set[Key] = set()
        self._queue = graph.roots[::-1]

    def branches(self) -> Iterator[Branch]:
        """Yield a branch for each root, and for each package that is too deep below one."""
        while self._queue:
            key = self._queue.pop()
            if key not in self._visited:
                node = self._nodes[key]
                cells = (*_subject(node), node.origin, *_details(node))
                yield Branch(cells, tuple(self._dependencies(key, _DEEPEST)))

    def _dependencies(self, key: Key, levels: int) -> Iterator[Branch]:
        """Yield a branch for each dependency of a package, with at most so many levels."""
        self._visited.add(key)
        edges, rest = self._graph.excerpt(key.name)
        for edge in edges:
            yield self._branch(edge, levels - 1)
        if rest:
            yield Branch((wording.more(rest), "--output json lists them"))

    def _branch(self, edge: Edge, levels: int) -> Branch:
        node = self._nodes[edge.key]
        cells = (*_subject(node), wording.constraint(edge), edge.state, *_details(node))
        if edge in self._graph.cycle_edges:
            return Branch((*cells, "a cycle"))
        if edge.key.name not in self._graph.by_package:
            self._visited.add(edge.key)
            return Branch(cells)
        if edge.key in self._visited:
            return Branch((*cells, "(shown above)"))
        if not levels:
            self._queue.append(edge.key)
            return Branch((*cells, "(shown below)"))
        return Branch(cells, tuple(self._dependencies(edge.key, levels)))


def _subject(node: Node) -> tuple[str, ...]:
    return tuple(filter(None, (node.key.name, wording.reference(node))))


def _details(node: Node) -> tuple[str, ...]:
    path = wording.escaped(node.path) if node.path else ""
    return tuple(filter(None, (path, *node.settings, node.problem)))
