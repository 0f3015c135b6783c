"""The output of a command while it runs: steps, and a view of the packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Tell = Callable[[str], None]
"""Shows the current step, e.g. `reading platform`. The command line chooses the output."""


class Row(NamedTuple):
    """The row of a package in the view.

    Attributes:
        name: The name of the package object.
        revision: Its current revision, or "".
        state: `Healthy`, or the reason that it is not healthy.
        time: The time of the last push, or "".
        duration: The duration of that push, and its longest step, or "".
        push_count: The number of pushes; it distinguishes pushes that look the same.
        is_pushing: Whether a push of the package runs, so that its state is out of date.
    """

    name: str
    revision: str = ""
    state: str = ""
    time: str = ""
    duration: str = ""
    push_count: int = 0
    is_pushing: bool = False


class View(NamedTuple):
    """The packages of a watch or a wait.

    Attributes:
        rows: The packages.
        step: The current step, or "" while no push runs.
    """

    rows: tuple[Row, ...]
    step: str


Show = Callable[[View], None]
"""Shows a view in place of the previous one."""


class Screen(NamedTuple):
    """The output of a command that runs several steps.

    Attributes:
        tell: Writes a line for a step, which stays.
        show: Shows a view below these lines, in place of the previous view.
    """

    tell: Tell
    show: Show
