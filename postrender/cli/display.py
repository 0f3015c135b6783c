"""How a report is shown: tables in colour on a terminal, plain ones elsewhere, or JSON."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from postrender.errors import one_line
from postrender.interface.report import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, Group
    from rich.table import Table as RichTable

    from postrender.interface.progress import Tell
    from postrender.interface.report import Report
    from postrender.live.watch import Row, Show, View

_STYLES = {
    "error": "bold red",
    "refused": "bold red",
    "warning": "yellow",
    "pulled": "cyan",
    "Healthy": "green",
    "local": "green",
    "note": "dim",
}
"""The colours of words that are a whole cell."""

_ANY_WIDTH = 100_000
"""Columns of what is no terminal: lines are never broken, so that grep finds what it looks for."""


def as_json(report: Report) -> str:
    """Return a report as JSON in ASCII: nothing in it can reach a terminal as an escape."""
    return f"{json.dumps(report.value, indent=2)}\n"


def as_text(report: Report, *, terminal: bool) -> str:
    """Return a report as tables.

    Args:
        report: The report.
        terminal: Whether a person looks at it: then its width is kept to, and there is colour
            unless NO_COLOR is set.
    """
    from rich.console import Console

    shown = io.StringIO()
    width = None if terminal else _ANY_WIDTH
    console = Console(
        file=shown,
        force_terminal=terminal,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for table in report.tables:
        if table.rows:
            _show(table, console, terminal=terminal)
    if report.summary:
        console.print(one_line(report.summary))
    return "".join(f"{line.rstrip()}\n" for line in shown.getvalue().splitlines())


def _show(table: Table, console: Console, *, terminal: bool) -> None:
    console.print(one_line(table.title), style="bold")
    console.print(_rich(table, terminal=terminal))
    console.print()


def _rich(table: Table, *, terminal: bool) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(
        box=box.SIMPLE_HEAD if terminal else None,
        pad_edge=False,
        show_header=any(table.columns),
    )
    for column in table.columns:
        shown.add_column(Text(column), overflow="fold", no_wrap=not terminal)
    for row in table.rows:
        shown.add_row(*(Text(one_line(cell), style=_STYLES.get(cell, "")) for cell in row))
    return shown


@contextmanager
def progress(stream: TextIO) -> Iterator[Tell]:
    """Give what shows on a terminal what is being done; it is gone when all is done.

    Args:
        stream: Where to show it. When that is no terminal, nothing is shown.
    """
    if not stream.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(file=stream).status("") as status:
        yield lambda doing: status.update(Text(one_line(doing)))


@contextmanager
def view(stream: TextIO) -> Iterator[Show]:
    """Give what shows packages as they are pushed: a table that changes, or a line a change.

    Args:
        stream: Where to show it.
    """
    if not stream.isatty():
        yield _Lines(stream).show
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(file=stream), auto_refresh=False) as live:
        yield lambda shown: live.update(_viewed(shown), refresh=True)


def _viewed(shown: View) -> Group:
    from rich.console import Group
    from rich.text import Text

    rows = tuple((row.name, row.revision, row.state, row.time, row.duration) for row in shown.rows)
    columns = ("PACKAGE", "REVISION", "STATE", "PUSHED", "TOOK")
    table = _rich(Table("", columns, rows), terminal=True)
    doing = one_line(shown.step or "saved packages are pushed; Ctrl-C ends it")
    return Group(table, "", Text(doing, style="dim italic"))


class _Lines:
    """What is no terminal gets a line for each package that has become something else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rows: set[Row] = set()

    def show(self, shown: View) -> None:
        for row in shown.rows:
            if row.state and row not in self._rows:
                parts = (row.time, row.name, row.revision, row.state, row.duration)
                self._stream.write(f"{one_line('  '.join(filter(None, parts)))}\n")
        self._rows = set(shown.rows)
        self._stream.flush()
