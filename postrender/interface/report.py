"""The report of a command: tables for people, and a JSON value for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
class Report:
    """The output of a command.

    Attributes:
        value: The value of `--output json`; docs/schemas has its schema.
        tables: The tables for people.
        summary: The last line for people, or "".
        refused: Whether the exit status is 1.
    """

    value: Plain
    tables: tuple[Table, ...]
    summary: str = ""
    refused: bool = False
