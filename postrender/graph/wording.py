"""The texts of nodes and edges in all drawings. Text from packages is escaped in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from postrender.errors import quoted

if TYPE_CHECKING:
    from postrender.graph.graph import Edge, Graph, Node

_LONGEST = 255

_PLAIN = re.compile(rf"(?! )(?:[A-Za-z0-9._:/@~^<>=!|&,*+-]| (?! |$)){{1,{_LONGEST}}}")
"""A source, a path or a range as people write them."""


def escaped(text: str) -> str:
    """Return a text unchanged if it cannot be mistaken for other text, else quoted."""
    return text if _PLAIN.fullmatch(text) else quoted(text)


def reference(node: Node) -> str:
    """Return the reference of a declared package, or the source of another one."""
    if not node.key.source:
        return "a source that this Crossplane does not read"
    if not node.version:
        return escaped(node.key.source)
    separator = "@" if node.version.startswith("sha256:") else ":"
    return escaped(f"{node.key.source}{separator}{node.version}")


def constraint(edge: Edge) -> str:
    """Return the constraint of a dependency, and whether the local package satisfies it."""
    verbs = {"local": "satisfies ", "refused": "does not satisfy "}
    return f"{verbs.get(edge.state, '')}{escaped(edge.constraint)}"


def more(count: int) -> str:
    """Return the text in place of the dependencies that a drawing leaves out."""
    return f"{count:,} more"


def summary(graph: Graph) -> str:
    """Return the number of packages of each origin."""
    counts = ", ".join(
        f"{origin}: {graph.count(origin)}" for origin in ("local", "pulled", "missing")
    )
    unreadable = graph.count("unreadable")
    suffix = f", unreadable: {unreadable}" if unreadable else ""
    return f"{counts}{suffix}; for Crossplane {graph.crossplane}"
