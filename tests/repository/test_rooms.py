"""The rooms of postrender: the imports have no cycle."""

from __future__ import annotations

import ast
import graphlib
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "postrender").rglob("*.py")
}


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of postrender that a file imports, including imports for types only."""
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.startswith("postrender")
        ):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module


def room(module: str) -> str:
    """Return the folder of a module, or the module itself at the top."""
    return ".".join(module.split(".")[:2])


def test_no_cycle_between_files_or_rooms() -> None:
    files, rooms = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for module, path in MODULES.items():
        for imported in imports(path):
            files[module].add(imported)
            if room(imported) != room(module):
                rooms[room(module)].add(room(imported))
    assert len(rooms) > 10
    for graph in (files, rooms):
        graphlib.TopologicalSorter(graph).prepare()  # raises CycleError with the cycle
