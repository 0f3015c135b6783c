"""docs/benchmarks.svg: the ratios and their aims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.bench.inputs import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from tests.bench.page import Compared

PLOT = ROOT / "docs" / "benchmarks.svg"

REACHED, MISSED, AIM = "#4878a8", "#d08a3c", "#202020"
"""The colours of a bar whose aim is reached, of one whose aim is not, and of the aims."""


def draw(compared: Sequence[Compared]) -> None:
    """Draw a row for each comparison: its ratio, and its aim."""
    mpl.rcParams["svg.hashsalt"] = PLOT.name  # the same ids each time
    figure = Figure(figsize=(9, 0.7 * len(compared) + 1.6), layout="constrained")
    axes = figure.subplots()
    _scale(axes, compared)
    _bars(axes, compared)
    _labels(axes, compared)
    figure.legend(loc="outside lower center", ncols=3, markerscale=0.5)
    figure.savefig(PLOT, metadata={"Date": None})


def _scale(axes: Axes, compared: Sequence[Compared]) -> None:
    """Make the scale logarithmic, with room for half as much again beside each bar and aim."""
    numbers = [1, *(one.ratio for one in compared), *(one.comparison.aim for one in compared)]
    axes.set_xscale("log")
    axes.set_xlim(min(numbers) / 1.5, max(numbers) * 1.5)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("time of crossplane-devcache in times of its fastest peer's (less is better)")


def _bars(axes: Axes, compared: Sequence[Compared]) -> None:
    """Draw a bar for each ratio, which begins at 1, and a mark at its aim."""
    for is_missed, color, label in (
        (False, REACHED, "at or below its aim"),
        (True, MISSED, "above its aim"),
    ):
        rows = [row for row, one in enumerate(compared) if one.is_missed == is_missed]
        if rows:
            widths = [compared[row].ratio - 1 for row in rows]
            axes.barh(rows, widths, left=1, color=color, height=0.5, label=label)
    aims = [one.comparison.aim for one in compared]
    axes.scatter(aims, range(len(aims)), marker="|", s=700, color=AIM, label="aim", zorder=3)
    axes.axvline(1, color="black", linewidth=0.8)


def _labels(axes: Axes, compared: Sequence[Compared]) -> None:
    """Write what is compared on the left, and the ratio on the right, where no bar covers it."""
    rows = range(len(compared))
    names = [
        f"{one.comparison.title}\nbeside {one.comparison.peers[one.fastest].name}"
        for one in compared
    ]
    axes.set_yticks(rows, names)
    axes.invert_yaxis()
    ratios = axes.secondary_yaxis("right")
    ratios.set_yticks(rows, [one.shown for one in compared])
    ratios.tick_params(length=0)
