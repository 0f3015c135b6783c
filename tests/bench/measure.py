"""Measures the wall time and the peak memory of whole processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LAUNCH = Path(__file__).with_name("launch.py")


def _nothing() -> None:
    """Prepare nothing."""


class Program(NamedTuple):
    """A command to measure."""

    name: str
    """The name on the page."""

    command: Sequence[str]
    stdin: Path | None = None
    environment: Mapping[str, str] = {}  # never changed
    prepare: Callable[[], None] = _nothing
    """Runs before each run of the command, and is not measured."""

    stdout: Path | None = None
    excluded: Callable[[], float] = float
    """Returns the seconds of the last run that do not count; none by default."""


class Measurement(NamedTuple):
    """The measured runs of a program."""

    seconds: tuple[float, ...]
    memory: int
    """The peak resident memory in bytes, of the largest run."""

    @property
    def median(self) -> float:
        """The median of the seconds."""
        return statistics.median(self.seconds)


def measure_in_turns(programs: Sequence[Program], runs: int) -> list[Measurement]:
    """Return measurements of programs that take turns, so that a busy moment affects all of them.

    Args:
        programs: The programs.
        runs: The number of measured runs of each program. If it is more than one, a run that is
            not measured precedes them, to write bytecode and fill the disk cache.
    """
    seconds: list[list[float]] = [[] for _ in programs]
    memory = [0 for _ in programs]
    for number in range(runs if runs == 1 else runs + 1):
        for index, program in enumerate(programs):
            duration, resident = _run(program)
            if number or runs == 1:
                seconds[index].append(duration)
                memory[index] = max(memory[index], resident)
    return [Measurement(tuple(s), m) for s, m in zip(seconds, memory, strict=True)]


def _run(program: Program) -> tuple[float, int]:
    program.prepare()
    # Measure an installed command, whose bytecode is written once.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    files = (program.stdin or os.devnull, program.stdout or os.devnull)
    launch = [sys.executable, "-I", "-S", str(LAUNCH), *map(str, files)]
    run = subprocess.run(
        [*launch, *program.command],
        env=environment | dict(program.environment),
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds, memory, status = run.stdout.split()
    if int(status):
        sys.exit(f"bench: {' '.join(program.command)} failed")
    return float(seconds) - program.excluded(), int(memory)
