"""The dependency graph of a declaration: packages as nodes, dependencies as edges."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from postrender import requirements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.checks.dependencies import Resolution
    from postrender.checks.inputs import Inputs
    from postrender.declared.devcache import PackageDeclaration

EXCERPT = 100
"""The largest number of dependencies of one package in a drawing. The JSON has all of them."""

Origin = Literal["local", "unreadable", "pulled", "missing"]
"""The origin of a package: the disk, a declared path that cannot be read, a registry, or none."""

State = Literal["missing", "unreadable", "unresolved", "refused", "improper", "local", "pulled"]
"""The state of a dependency, problems first.

- `missing`: no registry has the package, or Crossplane does not pull it.
- `unreadable`: the local package cannot be read.
- `unresolved`: Crossplane does not find the local package.
- `refused`: the local package does not satisfy the constraint.
- `improper`: Crossplane cannot read the constraint.
- `local`: the local package satisfies the constraint.
- `pulled`: Crossplane pulls a version that satisfies the constraint.
"""

_ORDER: tuple[State, ...] = get_args(State)


class Key(NamedTuple):
    """The identity of a node.

    Attributes:
        name: The name of a declared package, or "".
        source: The source of the package; "" if this Crossplane does not read it.
    """

    name: str
    source: str


@dataclass(frozen=True)
class Node:
    """A package.

    Attributes:
        key: Its identity.
        origin: Its origin.
        version: The declared tag or digest, or "".
        path: The declared path, or "".
        settings: The declared settings because of which Crossplane may not find the package for
            other packages.
        problem: The reason that the path cannot be read, or "".
    """

    key: Key
    origin: Origin
    version: str = ""
    path: str = ""
    settings: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Edge:
    """A dependency.

    Attributes:
        package: The name of the local package that has the dependency.
        key: The identity of the other package.
        constraint: The range or digest in `dependsOn`, or "".
        state: The state.
    """

    package: str
    key: Key
    constraint: str
    state: State

    @property
    def is_problem(self) -> bool:
        """Whether it is neither local nor pulled."""
        return self.state not in {"local", "pulled"}


@dataclass(frozen=True)
class Graph:
    """The dependency graph of a declaration.

    Attributes:
        crossplane: The Crossplane version.
        nodes: The packages, declared ones first, sorted by name and source.
        edges: The dependencies, sorted by package, state and source.
    """

    crossplane: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @cached_property
    def by_package(self) -> dict[str, list[Edge]]:
        """The dependencies of each package that has some, by its name."""
        result: dict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            result[edge.package].append(edge)
        return dict(result)

    @property
    def roots(self) -> list[Key]:
        """The declared packages; packages on which no other package depends are first."""
        heads = {edge.key for edge in self.edges if edge.key.name != edge.package}
        declared = [node.key for node in self.nodes if node.key.name]
        return sorted(declared, key=lambda key: key in heads)

    @cached_property
    def cycle_edges(self) -> frozenset[Edge]:
        """The dependencies that close a cycle in a search from the roots: each cycle has one."""
        visited: set[Key] = set()
        return frozenset(
            edge for root in self.roots for edge in self._cycle_edges_below(root, visited)
        )

    def _cycle_edges_below(self, root: Key, visited: set[Key]) -> Iterator[Edge]:
        path = {} if root in visited else {root: iter(self.by_package.get(root.name, ()))}
        while path:
            key = next(reversed(path))
            visited.add(key)
            edge = next(path[key], None)
            if edge is None:
                del path[key]
            elif edge.key in path:
                yield edge
            elif edge.key not in visited:
                path[edge.key] = iter(self.by_package.get(edge.key.name, ()))

    def excerpt(self, package: str) -> tuple[list[Edge], int]:
        """Return the dependencies of a package for a drawing, and the number of the others."""
        edges = self.by_package.get(package, [])
        return edges[:EXCERPT], max(0, len(edges) - EXCERPT)

    @property
    def is_complete(self) -> bool:
        """Whether each dependency is local or can be pulled."""
        return not any(edge.is_problem for edge in self.edges)

    def count(self, origin: Origin) -> int:
        """Return the number of packages of an origin."""
        return sum(node.origin == origin for node in self.nodes)


def build(inputs: Inputs, resolutions: Sequence[Resolution]) -> Graph:
    """Return the graph of a declaration.

    Args:
        inputs: The declaration and its packages.
        resolutions: The settled resolutions of their dependencies.
    """
    edges = _Edges(inputs)
    result = sorted(
        map(edges.of, resolutions),
        key=lambda edge: (edge.package, _ORDER.index(edge.state), edge.key, edge.constraint),
    )
    nodes = [*_declared(inputs), *_others(result)]
    nodes.sort(key=lambda node: (not node.key.name, node.key))
    return Graph(str(inputs.target.version), tuple(nodes), tuple(result))


class _Edges:
    """Turns resolutions into edges."""

    def __init__(self, inputs: Inputs) -> None:
        self._target = inputs.target
        self._unreadable = {
            declaration.reference.source: declaration.name
            for declaration in reversed(inputs.unreadable)
        }

    def of(self, resolution: Resolution) -> Edge:
        unreadable = self._unreadable.get(resolution.source, "")
        if resolution.local and resolution.local != unreadable:
            unreadable = ""  # another local package satisfies the dependency
        return Edge(
            package=resolution.package,
            key=Key(resolution.local or unreadable, resolution.source),
            constraint=resolution.constraint,
            state="unreadable" if unreadable else self._state(resolution),
        )

    def _state(self, resolution: Resolution) -> State:
        if resolution.state == "unresolved":
            return "unresolved" if resolution.local else "missing"
        if requirements.is_improper(resolution.constraint, self._target):
            return "improper"
        return resolution.state


def _declared(inputs: Inputs) -> Iterator[Node]:
    for package in inputs.packages:
        yield _node(package.declaration, "local")
    for declaration in inputs.declared.invalid:
        yield _node(declaration, "unreadable", "its declaration is invalid")
    for declaration, error in inputs.read_errors:
        yield _node(declaration, "unreadable", error.problem)


def _node(declaration: PackageDeclaration, origin: Origin, problem: str = "") -> Node:
    settings = declaration.settings
    skips = settings is not None and not settings.resolves_dependencies
    notes = {"install: false": not declaration.install, "skipDependencyResolution": skips}
    return Node(
        key=Key(declaration.name, declaration.reference.source),
        origin=origin,
        version=declaration.reference.identifier,
        path=declaration.path,
        settings=tuple(note for note, applies in notes.items() if applies),
        problem=problem,
    )


def _others(edges: Sequence[Edge]) -> Iterator[Node]:
    """Yield a node for each package that is not declared."""
    pulled = {edge.key for edge in edges if edge.state == "pulled"}
    for key in {edge.key for edge in edges if not edge.key.name}:
        yield Node(key, "pulled" if key in pulled else "missing")
