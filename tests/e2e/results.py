"""What a run found, kept for docs/compatibility.md: a file for each share of a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.e2e.lines import Line

FOLDER = ROOT / "build" / "e2e"


@dataclass(frozen=True)
class Result:
    """What one line did in one run."""

    crossplane: str
    helm: str
    kubernetes: str
    chart: str
    """`crossplane-devcache`, or upstream's with --config."""

    day: str
    """In ISO 8601."""

    outcomes: dict[str, str] = field(default_factory=dict)
    """`passed` or `failed`, by scenario: the file, two colons, the test."""

    @property
    def passed(self) -> int:
        """How many scenarios passed."""
        return sum(outcome == "passed" for outcome in self.outcomes.values())

    @property
    def summary(self) -> str:
        """How many scenarios passed, and of how many, if any was run."""
        return f"{self.passed} of {len(self.outcomes)}" if self.outcomes else "not run"

    def of_topic(self, topic: str, *, other: bool = False) -> Result:
        """Return what was found by the files of a topic, or by all others."""
        found = {
            name: outcome
            for name, outcome in self.outcomes.items()
            if name.partition("::")[0].endswith(f"_{topic}.py") != other
        }
        return replace(self, outcomes=found)

    def write(self, line: Line) -> None:
        """Keep it with what other shares of the line found."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        share = min(self.outcomes).partition("::")[0].removesuffix(".py")
        (FOLDER / f"{line}-{share}.json").write_text(json.dumps(asdict(self), indent=2) + "\n")


def forget(lines: Iterable[Line]) -> None:
    """Remove what earlier runs of these lines found."""
    for line in lines:
        for file in _files(line):
            file.unlink()


def was_run(line: Line) -> bool:
    """Return whether anything is kept of a line."""
    return bool(_files(line))


def of(line: Line) -> Result:
    """Return what all shares of a line that was run found."""
    return reduce(_joined, (Result(**json.loads(file.read_text())) for file in _files(line)))


def _files(line: Line) -> list[Path]:
    return sorted(FOLDER.glob(f"{line}-test_*.json"))


def _joined(one: Result, other: Result) -> Result:
    return replace(one, outcomes=one.outcomes | other.outcomes, day=max(one.day, other.day))
