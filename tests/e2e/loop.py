"""Measures the time from a saved file to the cluster, and formats the results."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.e2e.waiting import PATIENCE
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.e2e.commands import Program

TARGETS = {"path": (1.5, 3.0), "digest": (1.5, 5.0)}
"""The highest median seconds from a save to Established and to Healthy, by kind of cache key."""

_PROPERTIES = "{.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties}"
_ESTABLISHED = '{.status.conditions[?(@.type=="Established")].status}'


@dataclass
class Sightings:
    """The times of the observed states of an API."""

    _lines: list[tuple[float, str]] = field(default_factory=list)
    _more: threading.Condition = field(default_factory=threading.Condition)

    def add(self, line: str) -> None:
        with self._more:
            self._lines.append((time.monotonic(), line))
            self._more.notify_all()

    def at(self, text: str) -> float:
        """Wait until the API is Established and contains a text, and return the time of this state.

        Args:
            text: A text in the schema, such as the field that an edit adds.

        Returns:
            The time, in seconds of the monotonic clock.
        """
        with self._more:
            assert self._more.wait_for(lambda: self._first(text), PATIENCE), f"never seen: {text}"
            return self._first(text) or 0

    def _first(self, text: str) -> float | None:
        moments = (
            moment for moment, line in self._lines if text in line and line.endswith(" True\n")
        )
        return next(moments, None)


@contextmanager
def watch_api(kubectl: Program, definition: str) -> Iterator[Sightings]:
    """Watch an API while the context lasts."""
    path = f'--output=jsonpath={_PROPERTIES}{{" "}}{_ESTABLISHED}{{"\\n"}}'
    sightings = Sightings()
    with start_program(kubectl, "get", f"crd/{definition}", "--watch", path) as popen:

        def follow() -> None:
            assert popen.stdout
            for line in popen.stdout:
                sightings.add(line)

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield sightings
        finally:
            popen.terminate()
            thread.join()


@contextmanager
def run_watch(devcache: Program, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run `crossplane-devcache watch` while the context lasts, and end it with SIGINT."""
    with start_program(devcache, "watch", *arguments) as popen:
        try:
            yield popen
        finally:
            popen.send_signal(signal.SIGINT)
            popen.wait()


@contextmanager
def start_program(program: Program, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run a program while the context lasts, and kill it at the end."""
    popen = subprocess.Popen(
        # A suite in the background ignores SIGINT, and its child processes inherit that.
        ["env", "--default-signal=INT", program.path, *arguments],
        cwd=ROOT,
        env={**os.environ, **program.environment},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with popen:
        try:
            yield popen
        finally:
            popen.kill()


def next_line(popen: subprocess.Popen[str]) -> str:
    """Wait for the next line of a program's output, and return it."""
    assert popen.stdout
    return popen.stdout.readline()


@dataclass(frozen=True)
class Timing:
    """The seconds from a save until the API was Established again and the package Healthy."""

    established: float
    healthy: float
    output: str = ""


def table(line: str, rows: dict[str, list[Timing]]) -> str:
    """Return a table with the median and the slowest time of each method."""
    lines = [
        f"{line}: seconds from a save, median (slowest)",
        f"{'':32}{'edits':>6}{'Established':>16}{'Healthy':>16}",
    ]
    for way, timings in rows.items():
        cells = (
            _summary(timing.established for timing in timings),
            _summary(timing.healthy for timing in timings),
        )
        lines.append(f"{way:32}{len(timings):>6}{cells[0]:>16}{cells[1]:>16}")
    return "\n".join(lines)


def slow(timings: Iterable[Timing], keyed_by: str) -> list[str]:
    """Return the output of each edit that was slower than the targets."""
    to_established, to_healthy = TARGETS[keyed_by]
    return [
        f"{timing.established:.2f} s and {timing.healthy:.2f} s: {timing.output.strip()}"
        for timing in timings
        if timing.established > to_established or timing.healthy > to_healthy
    ]


def _summary(seconds: Iterable[float]) -> str:
    values = list(seconds)
    return f"{statistics.median(values):.2f} ({max(values):.2f})"
