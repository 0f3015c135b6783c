"""Any graph has a finite drawing with each dependency once, and any text stays in its label."""

from __future__ import annotations

import graphlib
import re
from itertools import groupby
from typing import TYPE_CHECKING

import pydot
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender.graph import dot, figure, mermaid, tree
from postrender.graph.graph import Edge, Graph, Key, Node
from tests.shared.fuzzing import fuzzed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.interface.report import Branch

NAMES = [f"p{number:02}" for number in range(24)]

EDGES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=80)

TEXTS = st.lists(
    st.one_of(
        st.text(max_size=200),
        st.text(alphabet='\\"&;#<>`$ﬂ°¶ß\n\r\t nN[]{}()|-%:fa', max_size=40),
    ),
    min_size=1,
    max_size=5,
    unique=True,
)


def local(name: str) -> Key:
    return Key(name, f"xpkg.example.org/acme/{name}")


def of_names(edges: Sequence[tuple[str, str]]) -> Graph:
    """Return a graph of local packages."""
    return Graph(
        "2.4.2",
        tuple(Node(local(name), "local", "v0.1.0", name) for name in NAMES),
        tuple(Edge(tail, local(head), ">=v0.1.0", "local") for tail, head in sorted(edges)),
    )


def of_texts(texts: Sequence[str]) -> Graph:
    """Return a graph of a package that depends on packages with these sources and ranges."""
    keys = [Key("", text) for text in sorted(texts)]
    nodes = [Node(local("one"), "local", "v0.1.0", "one"), *(Node(key, "pulled") for key in keys)]
    edges = [Edge("one", key, key.source, "pulled") for key in keys]
    return Graph("2.4.2", tuple(nodes), tuple(edges))


def below(branches: Sequence[Branch], level: int = 0) -> Iterator[tuple[int, Branch]]:
    """Yield all branches, each with its level."""
    for branch in branches:
        yield level, branch
        yield from below(branch.branches, level + 1)


@fuzzed(100)
@given(EDGES)
def test_a_tree_has_each_dependency_once(edges: Sequence[tuple[str, str]]) -> None:
    graph = of_names(edges)
    branches = list(below(tree.draw(graph).branches))
    tree_edges = sorted(
        (parent.cells[0], branch.cells[0]) for _, parent in branches for branch in parent.branches
    )
    assert tree_edges == sorted(edges)
    assert {branch.cells[0] for _, branch in branches} == set(NAMES)
    assert max(level for level, _ in branches) <= 8


@fuzzed(100)
@given(EDGES)
def test_only_dependencies_in_a_cycle_close_one(edges: Sequence[tuple[str, str]]) -> None:
    graph = of_names(edges)
    cut = [edge for edge in graph.edges if edge not in graph.cycle_edges]
    remaining = {
        tail: [edge.key.name for edge in group]
        for tail, group in groupby(cut, key=lambda edge: edge.package)
    }
    graphlib.TopologicalSorter(remaining).prepare()  # raises CycleError
    for edge in graph.cycle_edges:
        reached, pending = set[str](), [edge.key.name]
        while pending:
            name = pending.pop()
            if name not in reached:
                reached.add(name)
                pending += remaining.get(name, [])
        assert edge.package in reached


def shown(label: str) -> str:
    """Return the text that Graphviz shows for a quoted label, with line breaks."""
    escapes = {"n": "\n"}
    text = label.removeprefix('"').removesuffix('"').replace(r"\"", '"')
    text = re.sub(r"\\(.)", lambda match: escapes.get(match[1], match[1]), text)
    return text.replace("&amp;", "&")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pydot calls old names of pyparsing
@fuzzed(20)
@given(TEXTS)
def test_a_parser_of_dot_reads_the_labels(texts: Sequence[str]) -> None:
    graph = of_texts(texts)
    boxes, arrows = figure.draw(graph)
    parsed = pydot.graph_from_dot_data(dot.draw(graph))
    assert parsed
    (digraph,) = parsed
    nodes = [node for node in digraph.get_nodes() if node.get_name() != "node"]
    assert [shown(node.get("label")) for node in nodes] == ["\n".join(box.lines) for box in boxes]
    assert [shown(edge.get("label")) for edge in digraph.get_edges()] == [
        arrow.text for arrow in arrows
    ]


MERMAID = re.compile(
    r"""  (?:p\d+\["(?P<box>[^"]*)"\]:::[a-z]+|p\d+ -->\|"(?P<arrow>[^"]*)"\| p\d+)"""
)


@fuzzed(100)
@given(TEXTS)
def test_mermaid_has_only_escaped_labels(texts: Sequence[str]) -> None:
    graph = of_texts(texts)
    boxes, arrows = figure.draw(graph)
    lines = mermaid.draw(graph).splitlines()
    assert lines[0] == "flowchart TD"
    body = [line for line in lines[1:] if not line.startswith("  classDef ")]
    labels = []
    for line in body:
        match = MERMAID.fullmatch(line)
        assert match, line
        label = match["box"] if match["arrow"] is None else match["arrow"]
        assert re.fullmatch(r"(?:[A-Za-z0-9 .,:=/-]|#\d+;|<br/>)*", label)
        text = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label.replace("<br/>", "\n"))
        labels.append(text.replace("\u2060", ""))
    assert labels == [*("\n".join(box.lines) for box in boxes), *(arrow.text for arrow in arrows)]
