"""The start time of this process, as the system reports it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from postrender.interface import start_time

if TYPE_CHECKING:
    from pathlib import Path

MONOTONIC, BOOT, CPU = 500.0, 900.0, 0.25
"""Seconds on the monotonic clock, since the boot, and of CPU time."""

FIELDS = "S 1 42 42 0 -1 4194304 2009 0 3 0 12 4 0 0 20 0 1 0 {ticks} 17809408 2458 18446744"
"""The fields of proc_pid_stat(5) behind the name, as a kernel wrote them."""


class Children(NamedTuple):
    """The resource usage of the child processes that a process has waited for."""

    ru_minflt: int


@pytest.mark.linux  # the clock since the boot
@pytest.mark.parametrize(
    ("stat", "children", "expected"),
    [
        pytest.param(f"42 (python3) {FIELDS}", 0, MONOTONIC - 1.5, id="started 1.5 s ago"),
        pytest.param(f"42 (a) b (c) {FIELDS}", 0, MONOTONIC - 1.5, id="a name with parentheses"),
        pytest.param(f"42 (sh) {FIELDS}", 7, MONOTONIC - CPU, id="a shell before its exec"),
        pytest.param(None, 0, MONOTONIC - CPU, id="a system without proc"),
    ],
)
def test_the_start_is_on_the_monotonic_clock(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stat: str | None,
    children: int,
    expected: float,
) -> None:
    if stat:
        ticks = round((BOOT - 1.5) * os.sysconf("SC_CLK_TCK"))
        (tmp_path / "stat").write_text(stat.format(ticks=ticks))
    monkeypatch.setattr(start_time, "_STAT", tmp_path / "stat")
    monkeypatch.setattr(resource, "getrusage", lambda _: Children(children))
    monkeypatch.setattr(time, "monotonic", lambda: MONOTONIC)
    monkeypatch.setattr(time, "clock_gettime", {time.CLOCK_BOOTTIME: BOOT}.get)
    monkeypatch.setattr(time, "process_time", lambda: CPU)
    assert start_time.monotonic() == pytest.approx(expected)


def test_the_start_time_lies_between_two_readings_of_the_parents_clock() -> None:
    """Read the real files of the system. A start takes less than a minute on a busy machine."""
    script = "from postrender.interface import start_time; print(start_time.monotonic())"
    before = time.monotonic()
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert before - 60 < float(run.stdout) < time.monotonic()
