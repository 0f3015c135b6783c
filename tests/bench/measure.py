"""Whole processes measured: wall time, and the most memory that they had at a time."""

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
    """Need no preparation."""


class Program(NamedTuple):
    """A command that is measured."""

    name: str
    """What the page calls it."""

    command: Sequence[str]
    stdin: Path | None = None
    environment: Mapping[str, str] = {}  # never changed
    prepare: Callable[[], None] = _nothing
    """What is done before each run, and not measured."""


class Measured(NamedTuple):
    """The runs of a program."""

    seconds: tuple[float, ...]
    memory: int
    """Bytes that it had resident at its peak, in the largest run."""

    @property
    def median(self) -> float:
        """The median of the seconds."""
        return statistics.median(self.seconds)


def interleaved(programs: Sequence[Program], runs: int) -> list[Measured]:
    """Return measurements of programs that take turns: a busy moment then meets all of them.

    Args:
        programs: The programs.
        runs: How many runs of each are measured. If it is more than one, another goes before them,
            to write bytecode and fill the disk's cache.
    """
    seconds: list[list[float]] = [[] for _ in programs]
    memory = [0 for _ in programs]
    for number in range(runs if runs == 1 else runs + 1):
        for index, program in enumerate(programs):
            taken, resident = _run(program)
            if number or runs == 1:
                seconds[index].append(taken)
                memory[index] = max(memory[index], resident)
    return [Measured(tuple(s), m) for s, m in zip(seconds, memory, strict=True)]


def _run(program: Program) -> tuple[float, int]:
    program.prepare()
    # As an installed command, whose bytecode is written once.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    launch = [sys.executable, "-I", "-S", str(LAUNCH), str(program.stdin or os.devnull)]
    run = subprocess.run(
        [*launch, *program.command],
        env=environment | dict(program.environment),
        stdout=subprocess.PIPE,
        check=True,
    )
    taken, memory, status = run.stdout.split()
    if int(status):
        sys.exit(f"bench: {' '.join(program.command)} failed")
    return float(taken), int(memory)
