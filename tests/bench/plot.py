"""Draws docs/benchmarks.svg: the ratios and their aims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.bench.inputs import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from tests.bench.page import ComparisonResult

PLOT = ROOT / "docs" / "benchmarks.svg"

REACHED, MISSED, AIM = "#4878a8", "#d08a3c", "#202020"
"""The colours of a bar at or below its aim, of a bar above it, and of the aims."""


def draw(results: Sequence[ComparisonResult]) -> None:
    """Draw a row with the ratio and the aim of each comparison."""
    mpl.rcParams["svg.hashsalt"] = PLOT.name  # for stable ids
    figure = Figure(figsize=(9, 0.7 * len(results) + 1.6), layout="constrained")
    axes = figure.subplots()
    _scale(axes, results)
    _bars(axes, results)
    _labels(axes, results)
    figure.legend(loc="outside lower center", ncols=3, markerscale=0.5)
    figure.savefig(PLOT, metadata={"Date": None})


def _scale(axes: Axes, results: Sequence[ComparisonResult]) -> None:
    """Make the scale logarithmic, with a margin of a factor 1.5 beside the bars and aims."""
    numbers = [
        1,
        *(result.ratio for result in results),
        *(result.comparison.aim for result in results),
    ]
    axes.set_xscale("log")
    axes.set_xlim(min(numbers) / 1.5, max(numbers) * 1.5)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("time of crossplane-devcache relative to its fastest peer (lower is better)")


def _bars(axes: Axes, results: Sequence[ComparisonResult]) -> None:
    """Draw a bar from 1 to each ratio, and a mark at each aim."""
    for is_missed, color, label in (
        (False, REACHED, "at or below its aim"),
        (True, MISSED, "above its aim"),
    ):
        rows = [row for row, result in enumerate(results) if result.is_missed == is_missed]
        if rows:
            widths = [results[row].ratio - 1 for row in rows]
            axes.barh(rows, widths, left=1, color=color, height=0.5, label=label)
    aims = [result.comparison.aim for result in results]
    axes.scatter(aims, range(len(aims)), marker="|", s=700, color=AIM, label="aim", zorder=3)
    axes.axvline(1, color="black", linewidth=0.8)


def _labels(axes: Axes, results: Sequence[ComparisonResult]) -> None:
    """Write the names of the comparisons on the left and the ratios on the right."""
    rows = range(len(results))
    names = [
        f"{result.comparison.title}\nbeside {result.comparison.peers[result.fastest].name}"
        for result in results
    ]
    axes.set_yticks(rows, names)
    axes.invert_yaxis()
    ratios = axes.secondary_yaxis("right")
    ratios.set_yticks(rows, [result.ratio_text for result in results])
    ratios.tick_params(length=0)
