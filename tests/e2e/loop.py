"""How long it takes from a saved file to the cluster: what happens when, and tables of it."""

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
"""Seconds from a save to Established and to Healthy that the median is to be below."""

_PROPERTIES = "{.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties}"
_ESTABLISHED = '{.status.conditions[?(@.type=="Established")].status}'


@dataclass
class Seen:
    """When an API first was there with a text in it, e.g. with the field that an edit adds."""

    _lines: list[tuple[float, str]] = field(default_factory=list)
    _more: threading.Condition = field(default_factory=threading.Condition)

    def note(self, line: str) -> None:
        with self._more:
            self._lines.append((time.monotonic(), line))
            self._more.notify_all()

    def at(self, text: str) -> float:
        """Return when it was Established with a text in it, as soon as it has been."""
        with self._more:
            assert self._more.wait_for(lambda: self._first(text), PATIENCE), f"never seen: {text}"
            return self._first(text) or 0

    def _first(self, text: str) -> float | None:
        found = (at for at, line in self._lines if text in line and line.endswith(" True\n"))
        return next(found, None)


@contextmanager
def established(kubectl: Program, definition: str) -> Iterator[Seen]:
    """Look at an API as long as this lasts."""
    path = f'--output=jsonpath={_PROPERTIES}{{" "}}{_ESTABLISHED}{{"\\n"}}'
    seen = Seen()
    with started(kubectl, "get", f"crd/{definition}", "--watch", path) as running:

        def follow() -> None:
            assert running.stdout
            for line in running.stdout:
                seen.note(line)

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield seen
        finally:
            running.terminate()
            thread.join()


@contextmanager
def watching(devcache: Program, *paths: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `crossplane-devcache watch` as long as this lasts; Ctrl-C ends it."""
    with started(devcache, "watch", *paths) as running:
        try:
            yield running
        finally:
            running.send_signal(signal.SIGINT)
            running.wait()


@contextmanager
def started(program: Program, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run a program that goes on, and end it at the end, whatever happens."""
    running = subprocess.Popen(
        # Whoever runs the suite in the background ignores Ctrl-C, and so would this.
        ["env", "--default-signal=INT", program.path, *arguments],
        cwd=ROOT,
        env={**os.environ, **program.environment},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with running:
        try:
            yield running
        finally:
            running.kill()


def said(running: subprocess.Popen[str]) -> str:
    """Return the next line of a program, when it comes."""
    assert running.stdout
    return running.stdout.readline()


@dataclass(frozen=True)
class Took:
    """Seconds from a save until the API was established anew, and the package Healthy."""

    established: float
    healthy: float
    told: str = ""


def table(line: str, rows: dict[str, list[Took]]) -> str:
    """Return medians and the slowest of each way, as a table."""
    lines = [
        f"{line}: seconds from a save, median (slowest)",
        f"{'':32}{'edits':>6}{'Established':>16}{'Healthy':>16}",
    ]
    for way, found in rows.items():
        cells = (
            _summary(one.established for one in found),
            _summary(one.healthy for one in found),
        )
        lines.append(f"{way:32}{len(found):>6}{cells[0]:>16}{cells[1]:>16}")
    return "\n".join(lines)


def slow(found: Iterable[Took], keyed_by: str) -> list[str]:
    """Return what the slow ones said of themselves: which step took so long."""
    to_established, to_healthy = TARGETS[keyed_by]
    return [
        f"{one.established:.2f} s and {one.healthy:.2f} s: {one.told.strip()}"
        for one in found
        if one.established > to_established or one.healthy > to_healthy
    ]


def _summary(seconds: Iterable[float]) -> str:
    found = list(seconds)
    return f"{statistics.median(found):.2f} ({max(found):.2f})"
