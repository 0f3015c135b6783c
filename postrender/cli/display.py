"""Formats reports as JSON, or as a tree and tables in colour on a terminal, and shows progress."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from postrender.cli import streams
from postrender.errors import one_line
from postrender.interface.report import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, Group
    from rich.table import Table as RichTable
    from rich.text import Text
    from rich.tree import Tree as RichTree

    from postrender.interface.progress import Tell
    from postrender.interface.report import Branch, Report, Tree
    from postrender.live.watch import Row, Show, View

_STYLES = {
    "error": "bold red",
    "refused": "bold red",
    "missing": "bold red",
    "unreadable": "bold red",
    "unresolved": "bold red",
    "improper": "bold red",
    "a cycle": "bold red",
    "warning": "yellow",
    "pulled": "cyan",
    "Healthy": "green",
    "local": "green",
    "note": "dim",
}
"""The styles of cells by their text."""

_ANY_WIDTH = 100_000
"""The width in columns without a terminal. It is so large that no line wraps: grep works."""

_TREE_WIDTH = 60
"""The smallest width of a tree in columns: the guides of the deepest branches take half of it."""


def as_json(report: Report) -> str:
    """Return a report as JSON in ASCII, so that it contains no escape sequences."""
    return f"{json.dumps(report.value, indent=2)}\n"


def as_text(report: Report, *, terminal: bool, encoding: str = "utf-8") -> str:
    """Return a report as a tree and tables.

    Args:
        report: The report.
        terminal: Whether the output is a terminal. If so, lines wrap at its width, and there
            is colour unless NO_COLOR is set.
        encoding: The encoding of the output. Characters that it lacks are escaped.
    """
    from rich.console import Console

    text = io.TextIOWrapper(io.BytesIO(), encoding, errors="backslashreplace")
    console = Console(
        file=text,
        force_terminal=terminal,
        width=None if terminal else _ANY_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    if report.tree and report.tree.branches:
        _print_tree(report.tree, console, terminal=terminal)
    for table in report.tables:
        if table.rows:
            _print(table.title, _rich(table, terminal=terminal), console)
    if report.summary:
        console.print(one_line(report.summary))
    text.seek(0)
    return "".join(f"{line.rstrip()}\n" for line in text.read().splitlines())


def _print_tree(tree: Tree, console: Console, *, terminal: bool) -> None:
    width = console.width
    console.width = max(width, _TREE_WIDTH)
    _print(tree.title, _rich_tree(tree, terminal=terminal), console)
    console.width = width


def _print(title: str, content: RichTable | RichTree, console: Console) -> None:
    console.print(one_line(title), style="bold")
    console.print(content)
    console.print()


def _rich_tree(tree: Tree, *, terminal: bool) -> RichTree:
    from rich.tree import Tree as RichTree

    root = RichTree("", hide_root=True, guide_style="dim")
    pending = [(root, branch) for branch in tree.branches]
    for parent, branch in pending:  # grows
        node = parent.add(_line(branch, terminal=terminal))
        pending += ((node, below) for below in branch.branches)
    return root


def _line(branch: Branch, *, terminal: bool) -> Text:
    from rich.text import Text

    cells = [Text(one_line(cell), style=_STYLES.get(cell, "")) for cell in branch.cells]
    line = Text("  ").join(cells)
    line.overflow, line.no_wrap = "fold", not terminal
    return line


def _rich(table: Table, *, terminal: bool) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    rich_table = RichTable(
        box=box.SIMPLE_HEAD if terminal else None,
        pad_edge=False,
        show_header=any(table.columns),
    )
    for column in table.columns:
        rich_table.add_column(Text(column), overflow="fold", no_wrap=not terminal)
    for row in table.rows:
        rich_table.add_row(*(Text(one_line(cell), style=_STYLES.get(cell, "")) for cell in row))
    return rich_table


@contextmanager
def progress(stream: TextIO) -> Iterator[Tell]:
    """Show the current step on a terminal; the message disappears at the end of the context.

    Args:
        stream: The output. If it is not a terminal, nothing is shown.

    Yields:
        A function that shows a step.
    """
    if not stream.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(file=stream).status("") as status:
        yield lambda step: status.update(Text(one_line(step)))


@contextmanager
def view(stream: TextIO) -> Iterator[Show]:
    """Show packages while they are pushed: a live table on a terminal, else a line per change.

    Args:
        stream: The output.

    Yields:
        A function that shows a view of the packages.
    """
    if not stream.isatty():
        yield _Lines(stream).show
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(file=stream), auto_refresh=False) as live:
        yield lambda current: live.update(_rich_view(current), refresh=True)


def _rich_view(current: View) -> Group:
    from rich.console import Group
    from rich.text import Text

    rows = tuple(
        (row.name, row.revision, row.state, row.time, row.duration) for row in current.rows
    )
    columns = ("PACKAGE", "REVISION", "STATE", "PUSHED", "TOOK")
    table = _rich(Table("", columns, rows), terminal=True)
    step = one_line(current.step or "waiting for changes; press Ctrl-C to stop")
    return Group(table, "", Text(step, style="dim italic"))


class _Lines:
    """Writes a line for each package whose row has changed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rows: set[Row] = set()

    def show(self, current: View) -> None:
        for row in current.rows:
            if row.state and row not in self._rows:
                parts = (row.time, row.name, row.revision, row.state, row.duration)
                with streams.writing():
                    self._stream.write(f"{one_line('  '.join(filter(None, parts)))}\n")
        self._rows = set(current.rows)
        with streams.writing():
            self._stream.flush()
