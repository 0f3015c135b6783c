"""Formats reports as JSON, or as a tree and tables in colour on a terminal, and shows progress."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from postrender.cli import streams
from postrender.errors import one_line, shortened
from postrender.interface.progress import Screen
from postrender.interface.report import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console, Group
    from rich.table import Table as RichTable
    from rich.text import Text
    from rich.tree import Tree as RichTree

    from postrender.interface.progress import Row, Show, Tell, View
    from postrender.interface.report import Branch, Report, Tree

_PUSHING = "pushing"
"""The state of a package while it is pushed."""

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
    "Ready": "green",
    "local": "green",
    "note": "dim",
    _PUSHING: "dim",
}
"""The styles of cells by their text."""

_FAILED = "bold red"
"""The style of a state that `_STYLES` lacks: the state is the reason of a failure."""

_SHORTEST = 12
"""The smallest length in characters of a shortened digest or path on a narrow terminal. Nearly all
words are shorter."""

_PADDING = 3
"""The blanks between two columns."""

_WIDEST = 240
"""The most characters of a cell, except in the last column: a table pads cells to the widest."""

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
            _print(table.title, _rich(table, console.width, terminal=terminal), console)
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


def _rich(table: Table, width: int, *, terminal: bool) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    rich_table = RichTable(
        box=box.SIMPLE_HEAD if terminal else None,
        pad_edge=False,
        show_edge=False,
        show_header=any(table.columns),
    )
    rows = [
        [*(shortened(one_line(cell), _WIDEST) for cell in cells), one_line(last)]
        for *cells, last in table.rows
    ]
    limit, widths = _fit(list(zip(table.columns, *rows, strict=True)), width)
    for column, column_width in zip(table.columns, widths, strict=True):
        rich_table.add_column(
            Text(column), overflow="fold", no_wrap=not terminal, width=column_width
        )
    for row in rows:
        cells = zip(table.columns, row, strict=True)
        rich_table.add_row(
            *(
                Text(_with_short_words(cell, limit), style=_style(column, cell))
                for column, cell in cells
            )
        )
    return rich_table


def _style(column: str, cell: str) -> str:
    return _STYLES.get(cell, _FAILED if column == "STATE" else "")


def _fit(columns: Sequence[Sequence[str]], width: int) -> tuple[int, list[int]]:
    """Return the longest word and the widths of columns with which no word of a table breaks.

    Rich takes width from the widest column first, even if other columns could wrap at a blank.

    Args:
        columns: The cells of each column, with its heading.
        width: The width of the table in characters.
    """
    available = width - _PADDING * (len(columns) - 1)
    needed = [max(map(len, cells)) for cells in columns]
    words = [max(map(_longest_word, cells)) for cells in columns]
    limit = max(words)
    while limit > _SHORTEST and sum(min(word, limit) for word in words) > available:
        limit -= 1
    narrowest = [min(word, limit) for word in words]
    spare, demand = available - sum(narrowest), sum(needed) - sum(narrowest)
    if spare >= demand:
        return limit, needed
    share = max(spare, 0) / demand
    widths = [
        least + int((most - least) * share) for least, most in zip(narrowest, needed, strict=True)
    ]
    return limit, widths


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def _with_short_words(text: str, limit: int) -> str:
    return " ".join(shortened(word, limit) for word in text.split(" "))


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

        def write(line: str) -> None:
            with streams.writing():
                stream.write(line)
                stream.flush()

        yield _Lines(write).show
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(file=stream)
    with Live(console=console, auto_refresh=False) as live:
        yield lambda current: live.update(_rich_view(current, console.width), refresh=True)


@contextmanager
def screen(stream: TextIO) -> Iterator[Screen]:
    """Show steps as lines, and below them packages: a live table on a terminal, else lines.

    An error of stderr cannot be reported, so it does not end the command.

    Args:
        stream: Stderr.

    Yields:
        The functions that show a step and a view.
    """
    if not stream.isatty():
        yield Screen(lambda step: streams.warn(f"{one_line(step)}\n"), _Lines(streams.warn).show)
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(file=stream)
    live = Live(console=console, auto_refresh=False)

    def show(current: View) -> None:
        live.start()
        live.update(_rich_view(current, console.width), refresh=True)

    try:
        yield Screen(lambda step: console.print(Text(one_line(step))), show)
    finally:
        live.stop()


def _rich_view(current: View, width: int) -> Group:
    from rich.console import Group
    from rich.text import Text

    rows = tuple(
        (row.name, row.revision, _PUSHING if row.is_pushing else row.state, row.time, row.duration)
        for row in current.rows
    )
    columns = ("PACKAGE", "REVISION", "STATE", "PUSHED", "TOOK")
    table = _rich(Table("", columns, rows), width, terminal=True)
    step = one_line(current.step or "waiting for changes; press Ctrl-C to stop")
    return Group(table, "", Text(step, style="dim italic"))


class _Lines:
    """Writes a line for each package whose row has changed, apart from its duration."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._rows: set[Row] = set()

    def show(self, current: View) -> None:
        rows = {row._replace(duration="", is_pushing=False) for row in current.rows}
        for row in current.rows:
            unchanged = row._replace(duration="") in self._rows
            if row.state and not row.is_pushing and not unchanged:
                parts = (row.time, row.name, row.revision, row.state, row.duration)
                self._write(f"{one_line('  '.join(filter(None, parts)))}\n")
        self._rows = rows
