"""What a command found out: tables for people, and one JSON value for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postrender.manifests.nodes import Plain


@dataclass(frozen=True)
class Table:
    """A table; without rows it is not shown.

    Attributes:
        title: What stands above it.
        columns: The heads of its columns.
        rows: Its cells, in lines. What somebody else wrote may stand in them as it is.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Report:
    """The output of a command.

    Attributes:
        value: What `--output json` prints; docs/schemas has its shape.
        tables: What people see.
        summary: The last line for people, or "".
        refused: Whether it ends with status 1.
    """

    value: Plain
    tables: tuple[Table, ...]
    summary: str = ""
    refused: bool = False
