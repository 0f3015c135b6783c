"""The report of a command: tables or a tree for people, and a JSON value for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postrender.errors import DevcacheError
    from postrender.manifests.nodes import Plain


@dataclass(frozen=True)
class Table:
    """A table. The command line omits a table without rows.

    Attributes:
        title: Its heading.
        columns: The headings of its columns.
        rows: Its rows of cells. Foreign text in them is not escaped yet.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Branch:
    """A branch of a tree.

    Attributes:
        cells: Its text. Foreign text in it is not escaped yet.
        branches: The branches below it.
    """

    cells: tuple[str, ...]
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True)
class Tree:
    """A tree. The command line omits a tree without branches.

    Attributes:
        title: Its heading.
        branches: Its top-level branches.
    """

    title: str
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Report:
    """The output of a command.

    Attributes:
        value: The value of `--output json`; docs/schemas has its schema.
        tables: The tables for people.
        summary: The last line for people, or "".
        refused: Whether the exit status is 1.
        tree: The tree for people, before the tables, or None.
        texts: The output for further values of `--output`.
        error: The error of a command that failed after it had changed something, or None. People
            see the error in place of the tables, programs see it beside the value.
    """

    value: Plain
    tables: tuple[Table, ...]
    summary: str = ""
    refused: bool = False
    tree: Tree | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    error: DevcacheError | None = None
