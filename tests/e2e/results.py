"""Stores the results of runs for docs/compatibility.md, in a file for each share of a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from tests.e2e.lines import Line

FOLDER = ROOT / "build" / "e2e"


@dataclass(frozen=True)
class Result:
    """The result of a line in a run."""

    crossplane: str
    helm: str
    kubernetes: str
    chart: str
    """`crossplane-devcache`, or `upstream, --config`."""

    day: str
    """The date in ISO 8601."""

    outcomes: dict[str, str] = field(default_factory=dict)
    """`passed` or `failed`, by scenario: `FILE::TEST`."""

    @property
    def passed(self) -> int:
        """The number of scenarios that passed."""
        return sum(outcome == "passed" for outcome in self.outcomes.values())

    @property
    def summary(self) -> str:
        """The number of scenarios that passed and of all scenarios, such as `3 of 4`."""
        return f"{self.passed} of {len(self.outcomes)}" if self.outcomes else "not run"

    def of_topics(self, topics: Collection[str]) -> Result:
        """Return the part of the result for topics, such as `live`."""
        outcomes = {
            name: outcome for name, outcome in self.outcomes.items() if topic(name) in topics
        }
        return replace(self, outcomes=outcomes)

    def write(self, line: Line) -> None:
        """Write the result of a share to its file, beside those of other shares of the line."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        share = min(self.outcomes).partition("::")[0].removesuffix(".py")
        (FOLDER / f"{line}-{share}.json").write_text(json.dumps(asdict(self), indent=2) + "\n")


def topic(scenario: str) -> str:
    """Return the topic of a scenario: `live` for `test_13_live.py::test_push`."""
    file, _, _ = scenario.partition("::")
    return file.removesuffix(".py").split("_", 2)[2]


def forget(lines: Iterable[Line]) -> None:
    """Remove the results of earlier runs of these lines."""
    for line in lines:
        for file in _files(line):
            file.unlink()


def was_run(line: Line) -> bool:
    """Return whether a line has results."""
    return bool(_files(line))


def of(line: Line) -> Result:
    """Return the result of all shares of a line, which must have results."""
    return reduce(_merge, (Result(**json.loads(file.read_text())) for file in _files(line)))


def _files(line: Line) -> list[Path]:
    return sorted(FOLDER.glob(f"{line}-test_*.json"))


def _merge(first: Result, second: Result) -> Result:
    return replace(first, outcomes=first.outcomes | second.outcomes, day=max(first.day, second.day))
