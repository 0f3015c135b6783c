"""docs/benchmarks.md and its plot, from the measurements."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.bench.cases import OTHERS
from tests.bench.inputs import MEGABYTE, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.cases import Comparison, Task
    from tests.bench.measure import Measured

PAGE = ROOT / "docs" / "benchmarks.md"
PLOT = PAGE.with_suffix(".svg")

TEXT = """\
# Benchmarks

`make bench` wrote this page. It measures whole processes, from their start to their end, as Helm
and you run them. A command of ours and its peer take turns in one run, so that a busy moment of
the machine meets both; numbers are medians. Ratios stay much the same from machine to machine,
seconds do not.

Measured on {day}: {machine}. Python {python}, {kustomize}, Linux {kernel}.

![How much of its peer's time each command takes](benchmarks.svg)

## The filter

Beside `kustomize build`, which applies the same patch to the same manifests of Crossplane 2.4.0
and adds the same ConfigMap and package objects. The other documents are CRDs of some 26 KB,
ConfigMaps with dashboards of some 21 KB, Deployments and Services. `limits.release` is false: Helm
could not store the largest of these streams.

{streams}

With 1 MB and less the filter's time is its start: Python's, and that of the YAML library. That is
why it is above its aim with 1 MB; an aim is what we would like a ratio to be, at most. The
filter does not parse documents that are not its business; kustomize reads and writes all of them.
For each byte of other documents the filter takes {growth:.1f} bytes of memory (aim: at most 3).
Python's own start is {python_share} of the filter's time with Crossplane's manifests alone.

## A large package file

An .xpkg file with layers of {xpkg} MB beside its package.yaml. To read it takes the digest that a
registry would give it, which needs the sha256 of each layer.

{reading}

## Packing real providers

Packages of upbound/provider-aws, from .xpkg files, by the size of their package.yaml. The first
time, everything is read, checked and packed. When nothing has changed, the filter uses
[the results of the earlier run](devcache.md#results-of-earlier-runs). All of provider-aws fits no
release, so it is [beside it](devcache.md#packages-that-no-release-can-hold).

{packing}

## Run it yourself

```console
make bench                               # some minutes; writes this page
make bench CORPUS=folder                 # packs the *.package.yaml.xz of that folder
```

The commands that are measured:

```console
crossplane-devcache --config=config.yaml < rendered.yaml
kustomize build folder
crossplane-devcache objects --config=config.yaml --crossplane=2.4.0
sha256sum package.xpkg
```
"""


class Compared(NamedTuple):
    """A comparison with its measurements."""

    comparison: Comparison
    ours: Measured
    peer: Measured

    @property
    def ratio(self) -> float:
        """Our time in times of the peer's."""
        return self.ours.median / self.peer.median


class Done(NamedTuple):
    """A task with its measurements."""

    task: Task
    ours: Measured


class Results(NamedTuple):
    """Everything that was measured."""

    streams: Sequence[Compared]
    reading: Compared
    packing: Sequence[Done]
    python: Measured
    """A Python that does nothing."""


def write(results: Results) -> None:
    """Write the page and the plot."""
    _plot([*results.streams, results.reading])
    smallest, largest = results.streams[0], results.streams[-1]
    grown = largest.ours.memory - smallest.ours.memory
    text = TEXT.format(
        day=datetime.now(UTC).date().isoformat(),
        machine=_machine(),
        python=platform.python_version(),
        kustomize=f"kustomize {_kustomize()}",
        kernel=platform.release().partition("-")[0],
        streams=_comparisons(results.streams),
        growth=grown / (OTHERS[-1] * MEGABYTE),
        python_share=f"{results.python.median / smallest.ours.median:.0%}",
        xpkg=results.reading.comparison.title.rpartition(" of ")[2].removesuffix(" MB"),
        reading=_comparisons([results.reading]),
        packing=_tasks(results.packing),
    )
    PAGE.write_text(text)


def _comparisons(compared: Sequence[Compared]) -> str:
    rows = [
        (
            one.comparison.title,
            _time(one.ours.median),
            f"{one.comparison.peer.name} {_time(one.peer.median)}",
            f"**{one.ratio:.2f}**",
            f"{one.comparison.aim}",
            f"{one.ours.memory / MEGABYTE:.0f} MB",
            f"{one.peer.memory / MEGABYTE:.0f} MB",
            f"{one.comparison.runs}",
        )
        for one in compared
    ]
    head = ("", "Ours", "Peer", "Ratio", "Aim at most", "Our memory", "Its memory", "Runs")
    return _table(head, rows)


def _tasks(done: Sequence[Done]) -> str:
    if not done:
        return "There were no such packages in the run that wrote this page."
    rows = [
        (
            one.task.title,
            _time(one.ours.median),
            _time(one.task.aim) if one.task.aim else "",
            f"{one.ours.memory / MEGABYTE:.0f} MB",
            f"{one.task.runs}",
        )
        for one in done
    ]
    return _table(("", "Time", "Aim at most", "Memory", "Runs"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _machine() -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{os.cpu_count()} processors ({models[0] if models else platform.machine()})"


def _plot(compared: Sequence[Compared]) -> None:
    """Draw a bar for each ratio, on a logarithmic scale, with a mark at its aim."""
    mpl.rcParams["svg.hashsalt"] = PAGE.name  # the same ids each time
    names = [f"{one.comparison.title}\nbeside {one.comparison.peer.name}" for one in compared]
    places = range(len(compared))
    figure = Figure(figsize=(8, 0.7 * len(compared) + 1), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(places, [one.ratio for one in compared], color="#4878a8", height=0.6)
    axes.bar_label(bars, [f"{one.ratio:.2f}" for one in compared], padding=4)
    aims = [one.comparison.aim for one in compared]
    axes.scatter(aims, places, marker="|", s=500, color="#c03030", label="aim: at most", zorder=3)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlim(0.01, 4)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel("time of crossplane-devcache in times of its peer's (less is better)")
    axes.legend(loc="lower right")
    figure.savefig(PLOT, metadata={"Date": None})


def _kustomize() -> str:
    words = (ROOT / "tools" / "kustomize" / "go.mod").read_text().split()
    version = words[words.index("sigs.k8s.io/kustomize/kustomize/v5", words.index("require")) + 1]
    return version.removeprefix("v")
