"""docs/benchmarks.md, from the measurements."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench import kustomize, plot
from tests.bench.cases import OTHERS
from tests.bench.inputs import MEGABYTE, ROOT
from tests.shared.releases import CROSSPLANE, NEWEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.cases import Comparison, Task
    from tests.bench.measure import Measured

PAGE = ROOT / "docs" / "benchmarks.md"

TEXT = """\
# Benchmarks

`make bench` wrote this page. It measures whole processes, from their start to their end, as Helm
and you run them. A command of ours and its peers take turns in one run, so that a busy moment of
the machine meets all of them. Numbers are medians. A ratio is our time in times of the fastest
peer's, and an aim is what we would like it to be, at most. Ratios stay much the same from machine
to machine, seconds do not.

Measured on {day}: {machine}. Python {python}, kustomize {kustomize}, Linux {kernel}.

![How much of its fastest peer's time each command takes](benchmarks.svg)

## The filter

Beside `kustomize build`, which makes the same of the manifests of Crossplane {crossplane}: one
Deployment is changed, and a ConfigMap and package objects are added. kustomize has two kinds of
patches for that. For a JSON 6902 patch it needs no schema. For a strategic merge patch it reads the
schemas of Kubernetes. Its `sortOptions` keep the order of the input, as the filter does: in its
default order kustomize takes longer. `make bench` compares kustomize's objects with the filter's
first, and ends if they differ.

The other documents are CRDs of some 26 KB, ConfigMaps with dashboards of some 21 KB, Deployments
and Services. `limits.release` is false: Helm could not store the largest of these streams.

{streams}

{missed}

With Crossplane's manifests alone, and with 1 MB beside them, most of the filter's time is its
start: that of Python, and the imports of PyYAML and of its own modules. No filter in Python that
imports PyYAML takes less than the second row below. kustomize is one binary, which imports
nothing. These programs took turns with the first row above:

{starts}

The filter does not parse documents that are not its business; kustomize reads and writes all of
them. For each byte of other documents the filter takes {growth:.1f} bytes of memory. The aim is at
most 3.

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
crossplane-devcache objects --config=config.yaml --crossplane={crossplane}
openssl dgst -sha256 package.xpkg
sha256sum package.xpkg
```
"""


class Compared(NamedTuple):
    """A comparison with its measurements."""

    comparison: Comparison
    ours: Measured
    peers: Sequence[Measured]
    parts: Sequence[Measured]

    @property
    def fastest(self) -> int:
        """Which of the peers is the fastest, from 0."""
        return min(range(len(self.peers)), key=lambda number: self.peers[number].median)

    @property
    def ratio(self) -> float:
        """Our time in times of the fastest peer's."""
        return self.ours.median / self.peers[self.fastest].median

    @property
    def shown(self) -> str:
        """The ratio in digits, of which two say something."""
        return f"{self.ratio:.2f}" if self.ratio >= 0.1 else f"{self.ratio:.2g}"

    @property
    def is_missed(self) -> bool:
        """Whether we are above our aim."""
        return self.ratio > self.comparison.aim


class Done(NamedTuple):
    """A task with its measurements."""

    task: Task
    ours: Measured

    @property
    def is_missed(self) -> bool:
        """Whether it has an aim, and is above it."""
        return 0 < self.task.aim < self.ours.median


class ResultCache(NamedTuple):
    """Everything that was measured."""

    streams: Sequence[Compared]
    reading: Compared
    packing: Sequence[Done]


def write(results: ResultCache) -> None:
    """Write the page and the plot."""
    plot.draw([*results.streams, results.reading])
    smallest, largest = results.streams[0], results.streams[-1]
    grown = largest.ours.memory - smallest.ours.memory
    text = TEXT.format(
        day=datetime.now(UTC).date().isoformat(),
        machine=_machine(),
        python=platform.python_version(),
        kustomize=kustomize.version(),
        kernel=platform.release().partition("-")[0],
        crossplane=CROSSPLANE[NEWEST],
        streams=_comparisons(results.streams),
        missed=_missed(results.streams),
        starts=_starts(smallest),
        growth=grown / (OTHERS[-1] * MEGABYTE),
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
            *(_time(peer.median) for peer in one.peers),
            f"**{one.shown}**",
            _aim(f"{one.comparison.aim}", is_missed=one.is_missed),
            *(_memory(measured) for measured in (one.ours, one.peers[one.fastest])),
            f"{one.comparison.runs}",
        )
        for one in compared
    ]
    peers = [peer.name for peer in compared[0].comparison.peers]
    head = ("", "Ours", *peers, "Ratio", "Aim at most", "Our memory", "Fastest peer's", "Runs")
    return _table(head, rows)


def _missed(compared: Sequence[Compared]) -> str:
    """Return which rows do not reach their aim, as a sentence."""
    missed = [
        f"{one.comparison.title} ({one.shown}, aim {one.comparison.aim})"
        for one in compared
        if one.is_missed
    ]
    if not missed:
        return "Each row reaches its aim."
    return f"These rows do not reach their aim: {', '.join(missed)}."


def _starts(compared: Compared) -> str:
    """Return what of our time the programs take that do a part of it."""
    programs = (*compared.comparison.parts, compared.comparison.ours)
    rows = [
        (
            f"`{program.name}`",
            _time(measured.median),
            f"{measured.median / compared.ours.median:.0%}",
        )
        for program, measured in zip(programs, (*compared.parts, compared.ours), strict=True)
    ]
    return _table(("", "Time", "Of the filter's"), rows)


def _tasks(done: Sequence[Done]) -> str:
    if not done:
        return "There were no such packages in the run that wrote this page."
    rows = [
        (
            one.task.title,
            _time(one.ours.median),
            _aim(_time(one.task.aim), is_missed=one.is_missed) if one.task.aim else "",
            _memory(one.ours),
            f"{one.task.runs}",
        )
        for one in done
    ]
    return _table(("", "Time", "Aim at most", "Memory", "Runs"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _aim(aim: str, *, is_missed: bool) -> str:
    return f"{aim}, not reached" if is_missed else aim


def _memory(measured: Measured) -> str:
    return f"{measured.memory / MEGABYTE:.0f} MB"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _machine() -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{os.cpu_count()} processors ({models[0] if models else platform.machine()})"
