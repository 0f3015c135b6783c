"""Writes docs/benchmarks.md from the measurements."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench import kustomize, plot
from tests.bench.cases import OTHER_MEGABYTES
from tests.bench.inputs import MEGABYTE, ROOT
from tests.shared.releases import CROSSPLANE, NEWEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.cases import Comparison, Task
    from tests.bench.measure import Measurement

PAGE = ROOT / "docs" / "benchmarks.md"

TEXT = """\
# Benchmarks

`make bench` wrote this page. It measures whole processes from start to end, as Helm and you run
them. Our command and its peers take turns in one run, so that a busy moment of the machine affects
all of them. All numbers are medians. A ratio is our time divided by the time of the fastest peer.
An aim is the highest ratio or time that we want. Ratios are similar on all machines; times are
not.

Measured on {day}: {machine}. Python {python}, kustomize {kustomize}, Linux {kernel}.
Before the run, the load average of the machine was {load:.1f}.

![The time of each command relative to its fastest peer](benchmarks.svg)

## The filter

The peer is `kustomize build`. It makes the same changes to the manifests of Crossplane
{crossplane}: it changes one Deployment, and adds a ConfigMap and package objects. kustomize has two
kinds of patches for this job. A JSON 6902 patch needs no schema. For a strategic merge patch,
kustomize reads the schemas of Kubernetes. Its `sortOptions` keep the order of the input, as the
filter does; its default order takes longer. Before `make bench` measures, it compares the objects
from kustomize with those from the filter, and it stops if they differ.

The other documents are CRDs of about 26 KB, ConfigMaps with dashboards of about 21 KB, Deployments
and Services. `limits.release` is false, because Helm could not store the largest of these streams.

{streams}

{missed}

With Crossplane's manifests alone, and with 1 MB of other documents, the filter spends most of its
time on its start: it starts Python, and imports PyYAML and its own modules. No filter in Python
that imports PyYAML can take less time than the second row below. kustomize is one binary and
imports nothing. These programs took turns with the first row above:

{starts}

The filter does not parse documents that it does not change; kustomize reads and writes all
documents. For each byte of other documents the filter needs {growth:.1f} bytes of memory. The aim
is at most 3.

## A large package file

The package is an .xpkg file with layers of {xpkg} MB beside its package.yaml. To read it, the
command computes the digest that a registry would compute, which needs the sha256 of each layer.

{reading}

## Packing real providers

These are .xpkg files of packages of upbound/provider-aws, sorted by the size of their package.yaml.
The first run reads, checks and packs everything. When nothing has changed, the filter uses
[the results of an earlier run](devcache.md#results-of-earlier-runs). The whole provider-aws is too
large for a release, so its contents are
[outside the release](devcache.md#packages-that-no-release-can-hold).

{packing}

## A large directory

The directory has a file for each CRD of provider-aws. In the first run, the filter reads, checks
and packs everything. `crossplane xpkg build` builds an .xpkg file of the same directory.

{first}

The filter keeps the results of each file. After a change of one file, it parses this file, and
packs the part of the package that contains it:

{changed}

`check` and `inspect` use the same results as the filter. These rows compare them with the filter
when nothing has changed. Unlike the filter, they also read their arguments with a parser, and
format tables:

{again}

## A push

A push waits for the cluster in each of its steps, and shows the time of each. The first row is the
rest of the process: its start, its imports and its output. The second row is a part of it: the
import of the client library. The API server of this measurement is on loopback.

{push}

## `up`

`make bench` starts no cluster, so a scenario measured these numbers. It installs Crossplane and two
Configurations on an empty cluster, whose node has all images: with `up`, and by hand with
`crossplane-devcache crds`, `helm upgrade --install --wait` and `kubectl wait`, in turns. The table
shows the seconds until both packages are Healthy: the median, with the slowest run in parentheses.
The aim for `up` is at most 15 s on a machine that runs nothing else.

{up}

`make e2e CROSSPLANE="2.4-helm4 1.20-helm3" PYTEST="-k up_beside"` measures them. This run was on
2026-11-29, on a machine of two cores with a load average of 16. At this load, only the ratio is
meaningful.

## Run it yourself

```console
make bench                               # takes some minutes and writes this page
make bench CORPUS=folder                 # packs the *.package.yaml.xz of that folder
```

These are the measured commands:

```console
crossplane-devcache --config=config.yaml < rendered.yaml
kustomize build folder
crossplane-devcache objects --config=config.yaml --crossplane={crossplane}
openssl dgst -sha256 package.xpkg
sha256sum package.xpkg
crossplane xpkg build --package-root=folder --package-file=package.xpkg --examples-root=none
crossplane-devcache check --config=config.yaml
crossplane-devcache inspect folder
crossplane-devcache push --output=json
```
"""

UP = """\
| Crossplane, Helm | `up` | By hand | Ratio | Runs of each |
| --- | --- | --- | --- | --- |
| 2.4.2, Helm 4 | 24.30 (30.98) | 20.18 (24.09) | **1.20** | 3 |
| 1.20.13, Helm 3 | 24.07 (26.62) | 23.46 (36.33) | **1.03** | 3 |"""
"""The table that `make e2e` measures, because it needs a cluster."""

ABSENT = "The run that wrote this page had no such packages."


class ComparisonResult(NamedTuple):
    """A comparison with its measurements."""

    comparison: Comparison
    ours: Measurement
    peers: Sequence[Measurement]
    parts: Sequence[Measurement]

    @property
    def fastest(self) -> int:
        """The index of the fastest peer."""
        return min(range(len(self.peers)), key=lambda number: self.peers[number].median)

    @property
    def ratio(self) -> float:
        """The ratio of our time to the time of the fastest peer."""
        return self.ours.median / self.peers[self.fastest].median

    @property
    def ratio_text(self) -> str:
        """The ratio with two significant digits or two decimals."""
        return f"{self.ratio:.2f}" if self.ratio >= 0.1 else f"{self.ratio:.2g}"

    @property
    def is_missed(self) -> bool:
        """Whether the ratio is above the aim."""
        return self.ratio > self.comparison.aim


class TaskResult(NamedTuple):
    """A task with its measurements."""

    task: Task
    ours: Measurement

    @property
    def is_missed(self) -> bool:
        """Whether the task has an aim and takes longer."""
        return 0 < self.task.aim < self.ours.median


class DirectoryResult(NamedTuple):
    """The measurements of a large provider as a package directory; see `cases.Directory`."""

    first: ComparisonResult
    changed: TaskResult
    again: Sequence[ComparisonResult]


class Results(NamedTuple):
    """All measurements."""

    streams: Sequence[ComparisonResult]
    reading: ComparisonResult
    packing: Sequence[TaskResult]
    directory: DirectoryResult | None
    push: Sequence[TaskResult]

    load: float
    """The load average before the first measurement."""


def write(results: Results) -> None:
    """Write the page and the plot."""
    directory = results.directory
    large = [directory.first, *directory.again] if directory else []
    plot.draw([*results.streams, results.reading, *large])
    smallest, largest = results.streams[0], results.streams[-1]
    growth = largest.ours.memory - smallest.ours.memory
    text = TEXT.format(
        day=datetime.now(UTC).date().isoformat(),
        machine=_machine(),
        python=platform.python_version(),
        kustomize=kustomize.version(),
        kernel=platform.release().partition("-")[0],
        crossplane=CROSSPLANE[NEWEST],
        streams=_comparisons(results.streams),
        missed=_unmet_aims(results.streams),
        starts=_starts(smallest),
        growth=growth / (OTHER_MEGABYTES[-1] * MEGABYTE),
        xpkg=results.reading.comparison.title.rpartition(" of ")[2].removesuffix(" MB"),
        reading=_comparisons([results.reading]),
        packing=_tasks(results.packing),
        first=_comparisons([directory.first] if directory else []),
        changed=_tasks([directory.changed] if directory else []),
        again=_comparisons(directory.again if directory else []),
        push=_tasks(results.push),
        up=UP,
        load=results.load,
    )
    PAGE.write_text(text)


def _comparisons(results: Sequence[ComparisonResult]) -> str:
    if not results:
        return ABSENT
    rows = [
        (
            result.comparison.title,
            _time(result.ours.median),
            *(_time(peer.median) for peer in result.peers),
            f"**{result.ratio_text}**",
            _aim(f"{result.comparison.aim}", is_missed=result.is_missed),
            *(_memory(measurement) for measurement in (result.ours, result.peers[result.fastest])),
            f"{result.comparison.runs}",
        )
        for result in results
    ]
    peers = [peer.name for peer in results[0].comparison.peers]
    head = ("", "Ours", *peers, "Ratio", "Aim at most", "Our memory", "Fastest peer's", "Runs")
    return _table(head, rows)


def _unmet_aims(results: Sequence[ComparisonResult]) -> str:
    """Return a sentence with the rows that do not reach their aim."""
    missed = [
        f"{result.comparison.title} ({result.ratio_text}, aim {result.comparison.aim})"
        for result in results
        if result.is_missed
    ]
    if not missed:
        return "Each row reaches its aim."
    return f"These rows do not reach their aim: {', '.join(missed)}."


def _starts(result: ComparisonResult) -> str:
    """Return a table with the share of our time that programs for parts of the job take."""
    programs = (*result.comparison.parts, result.comparison.ours)
    rows = [
        (
            f"`{program.name}`",
            _time(measurement.median),
            f"{measurement.median / result.ours.median:.0%}",
        )
        for program, measurement in zip(programs, (*result.parts, result.ours), strict=True)
    ]
    return _table(("", "Time", "Of the filter's"), rows)


def _tasks(results: Sequence[TaskResult]) -> str:
    if not results:
        return ABSENT
    rows = [
        (
            result.task.title,
            _time(result.ours.median),
            _aim(_time(result.task.aim), is_missed=result.is_missed) if result.task.aim else "",
            _memory(result.ours),
            f"{result.task.runs}",
        )
        for result in results
    ]
    return _table(("", "Time", "Aim at most", "Memory", "Runs"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _aim(aim: str, *, is_missed: bool) -> str:
    return f"{aim}, not reached" if is_missed else aim


def _memory(measurement: Measurement) -> str:
    return f"{measurement.memory / MEGABYTE:.0f} MB"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _machine() -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{os.cpu_count()} processors ({models[0] if models else platform.machine()})"
