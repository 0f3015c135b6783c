"""Run the scenarios of each line in parallel shares: `python -m tests.e2e`, which `make e2e` runs.

Each share has a separate cluster. While one share waits for a lease or a rollout, others proceed.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest

from tests.e2e import lines, results
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from tests.e2e.lines import Line

FOLDER = ROOT / "tests" / "e2e"

SHARES = (
    ("test_01", "test_03", "test_02", "test_05", "test_06", "test_07", "test_12"),
    ("test_04", "test_08", "test_09", "test_10", "test_11"),
    ("test_13", "test_14"),
    ("test_15",),
    ("test_16", "test_17", "test_18", "test_19"),
)
"""The scenario files, by the prefix of their names, in shares that take about the same time.

Many files start from the state that the previous file leaves. The 208 CRDs of test_11 keep the API
server busy for minutes, so it comes last.
"""

SMOKE = (SHARES[0] + SHARES[1], SHARES[2] + SHARES[3])
"""The shares of the smoke selection, which is short."""

SUCCESSES = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}

PROGRESS = ("--verbose", "--log-cli-level=INFO", "--log-cli-format=  %(message)s")


@dataclass(frozen=True)
class Share:
    """A part of the scenarios of a line.

    Attributes:
        line: The line.
        number: The number of the share in the line, from 1.
        files: The prefixes of the names of its scenario files.
    """

    line: Line
    number: int
    files: tuple[str, ...]

    def start(self, node: int, options: list[str]) -> subprocess.Popen[str]:
        """Start pytest for the share on the node of that number."""
        files = [str(file) for prefix in self.files for file in FOLDER.glob(f"{prefix}*.py")]
        command = [sys.executable, "-m", "pytest", *files, *self.line.options]
        return subprocess.Popen(
            [*command, *PROGRESS, *options],
            cwd=ROOT,
            env=os.environ | {"CROSSPLANE_DEVCACHE_NODE": str(node)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # `Run.outcomes` forwards Ctrl-C once
        )

    def show(self, popen: subprocess.Popen[str]) -> Outcome:
        """Print the output of the share until it ends, and return its outcome."""
        assert popen.stdout is not None
        failures: list[str] = []
        for text in popen.stdout:
            output = f"{self.line} {self.number} | {text}"
            sys.stdout.write(output)
            sys.stdout.flush()
            if text.startswith(("FAILED ", "ERROR ")):  # in the summary of pytest
                failures.append(output)
        return Outcome(popen.wait(), tuple(failures))


@dataclass(frozen=True)
class Outcome:
    """The outcome of a share: pytest's exit status, and its summary line of each failure."""

    status: int
    failures: tuple[str, ...]


class Run:
    """Runs shares in parallel, each on its own node."""

    def __init__(self, jobs: int, options: list[str]) -> None:
        """Create a runner.

        Args:
            jobs: The number of nodes.
            options: More options for pytest.
        """
        self._options = options
        self._popens: list[subprocess.Popen[str]] = []
        self._nodes: SimpleQueue[int] = SimpleQueue()
        self._pool = ThreadPoolExecutor(jobs)
        for node in range(1, jobs + 1):
            self._nodes.put(node)

    def outcomes(self, shares: list[Share]) -> list[Outcome]:
        """Run all shares, and return the outcome of each."""
        with self._pool:
            try:
                return list(self._pool.map(self._share, shares))
            except KeyboardInterrupt:
                self._pool.shutdown(wait=False, cancel_futures=True)
                for popen in self._popens:
                    popen.terminate()  # a shell makes background jobs ignore SIGINT
                raise

    def _share(self, share: Share) -> Outcome:
        node = self._nodes.get()
        try:
            with share.start(node, self._options) as popen:
                self._popens.append(popen)
                return share.show(popen)
        finally:
            self._nodes.put(node)


def main() -> int:
    """Run the selected scenarios, and return the exit status."""
    arguments, options = _parser().parse_known_args()
    try:
        selected = lines.select(arguments.crossplane, arguments.kubernetes)
    except lines.UnknownReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if arguments.smoke:
        options += ["-m", "smoke"]
    else:
        results.forget(selected)
    parts = SMOKE if arguments.smoke else SHARES
    shares = [Share(line, *part) for line in selected for part in enumerate(parts, 1)]
    try:
        outcomes = Run(arguments.jobs, options).outcomes(shares)
    except KeyboardInterrupt:
        return 130
    for line in filter(results.was_run, selected):
        sys.stdout.write(f"{line}: {results.of(line).summary} scenarios passed\n")
    sys.stdout.writelines(failure for outcome in outcomes for failure in outcome.failures)
    statuses = {outcome.status for outcome in outcomes}
    good = pytest.ExitCode.OK in statuses and SUCCESSES.issuperset(statuses)
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e", description=__doc__)
    parser.add_argument(
        "--crossplane", default="", help="lines of Crossplane, such as 2.4 or 2.4-helm4, or `all`"
    )
    parser.add_argument("--kubernetes", default="", help="lines of Kubernetes, or `all`")
    parser.add_argument("--smoke", action="store_true", help="run the smoke selection alone")
    parser.add_argument(
        "--jobs", type=int, default=4, help="the number of clusters that run in parallel"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
