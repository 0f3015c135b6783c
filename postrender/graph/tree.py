"""Draws a dependency graph as a tree, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.graph import wording
from postrender.interface.report import Branch, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.graph.graph import Edge, Graph, Key, Node

_DEEPEST = 8
"""The number of levels below the root of a tree. A package below them begins a tree of its own."""


def draw(graph: Graph) -> Tree:
    """Return a graph as a tree.

    The dependencies of a package are in the tree once. Everywhere else, the package is a reference.
    """
    return Tree("Dependencies", tuple(_Drawing(graph).branches()))


class _Drawing:
    """Draws a graph, and knows the packages whose dependencies are already in the tree."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes = {node.key: node for node in graph.nodes}
        self._drawn: set[Key] = set()
        self._waiting: list[tuple[Key, frozenset[Key]]] = []

    def branches(self) -> Iterator[Branch]:
        """Yield a branch for each package that no other needs, then for each remaining one."""
        declared = [node.key for node in self._graph.nodes if node.key.name]
        needed = {edge.key for edge in self._graph.edges if edge.key.name != edge.package}
        declared.sort(key=lambda key: key in needed)
        self._waiting = [(key, frozenset()) for key in reversed(declared)]
        while self._waiting:
            key, path = self._waiting.pop()
            if key not in self._drawn:
                node = self._nodes[key]
                cells = (*_subject(node), node.origin, *_details(node))
                yield Branch(cells, tuple(self._dependencies(key, path, _DEEPEST)))

    def _dependencies(self, key: Key, path: frozenset[Key], levels: int) -> Iterator[Branch]:
        """Yield a branch for each dependency of a package.

        Args:
            key: The package.
            path: The packages above it.
            levels: The number of levels that may follow.
        """
        self._drawn.add(key)
        edges, hidden = self._graph.shown(key.name)
        for edge in edges:
            yield self._branch(edge, path | {key}, levels - 1)
        if hidden:
            yield Branch((wording.more(hidden), "--output json lists them"))

    def _branch(self, edge: Edge, path: frozenset[Key], levels: int) -> Branch:
        node = self._nodes[edge.key]
        cells = (*_subject(node), wording.constraint(edge), edge.state, *_details(node))
        if edge.key in path:
            return Branch((*cells, "(a cycle)"))
        if not edge.key.name:
            return Branch(cells)
        has_dependencies = edge.key.name in self._graph.by_package
        if has_dependencies and edge.key in self._drawn:
            return Branch((*cells, "(shown above)"))
        if has_dependencies and not levels:
            self._waiting.append((edge.key, path))
            return Branch((*cells, "(shown below)"))
        return Branch(cells, tuple(self._dependencies(edge.key, path, levels)))


def _subject(node: Node) -> tuple[str, ...]:
    return tuple(filter(None, (node.key.name, wording.reference(node))))


def _details(node: Node) -> tuple[str, ...]:
    return (*((wording.escaped(node.path),) if node.path else ()), *node.settings)
