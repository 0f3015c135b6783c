"""`python -m tests.e2e`, behind `make e2e`: runs the lines, in shares, a cluster for each.

While one waits, for a lease or a rollout, others go on.
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
    ("test_13",),
)
"""The scenario files, by the beginning of their names, in shares of about the same time.

In an order in which many start from what the one before leaves. The 208 CRDs of test_11 keep the
API server busy for minutes, so it comes last.
"""

SMOKE = (SHARES[0] + SHARES[1], SHARES[2])
"""The same for the smoke selection, which is short: live mode is a share of its own."""

NOTHING_BAD = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}

PROGRESS = ("--verbose", "--log-cli-level=INFO", "--log-cli-format=  %(message)s")


@dataclass(frozen=True)
class Share:
    """Some scenarios of a line.

    Attributes:
        line: The line.
        number: The place of the share among those of the line, from 1.
        files: The beginnings of the names of its scenario files.
    """

    line: Line
    number: int
    files: tuple[str, ...]

    def start(self, node: int, options: list[str]) -> subprocess.Popen[str]:
        """Start it on the node of that number."""
        files = [str(file) for each in self.files for file in FOLDER.glob(f"{each}*.py")]
        command = [sys.executable, "-m", "pytest", *files, *self.line.options]
        return subprocess.Popen(
            [*command, *PROGRESS, *options],
            cwd=ROOT,
            env=os.environ | {"CROSSPLANE_DEVCACHE_NODE": str(node)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is passed on once, by `ends`
        )

    def show(self, running: subprocess.Popen[str]) -> Ended:
        """Show what it says until it ends, and return how it ended."""
        assert running.stdout is not None
        failures: list[str] = []
        for text in running.stdout:
            shown = f"{self.line} {self.number} | {text}"
            sys.stdout.write(shown)
            sys.stdout.flush()
            if text.startswith(("FAILED ", "ERROR ")):  # pytest's summary, a line for each
                failures.append(shown)
        return Ended(running.wait(), tuple(failures))


@dataclass(frozen=True)
class Ended:
    """How a share ended: pytest's status, and what it said of each scenario that failed."""

    status: int
    failures: tuple[str, ...]


class Run:
    """Shares that go on at once, each on a node of its own."""

    def __init__(self, jobs: int, options: list[str]) -> None:
        """Take that many nodes, and options for pytest."""
        self._options = options
        self._running: list[subprocess.Popen[str]] = []
        self._nodes: SimpleQueue[int] = SimpleQueue()
        self._pool = ThreadPoolExecutor(jobs)
        for node in range(1, jobs + 1):
            self._nodes.put(node)

    def ends(self, shares: list[Share]) -> list[Ended]:
        """Run all shares, and return how each ended."""
        with self._pool:
            try:
                return list(self._pool.map(self._share, shares))
            except KeyboardInterrupt:
                self._pool.shutdown(wait=False, cancel_futures=True)
                for running in self._running:
                    running.terminate()  # SIGINT is ignored by what a shell runs in the background
                raise

    def _share(self, share: Share) -> Ended:
        node = self._nodes.get()
        try:
            with share.start(node, self._options) as running:
                self._running.append(running)
                return share.show(running)
        finally:
            self._nodes.put(node)


def main() -> int:
    """Run the chosen scenarios, and return the exit status."""
    arguments, options = _parser().parse_known_args()
    try:
        chosen = lines.chosen(arguments.crossplane, arguments.kubernetes)
    except lines.UnknownReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if arguments.smoke:
        options += ["-m", "smoke"]
    else:
        results.forget(chosen)
    parts = SMOKE if arguments.smoke else SHARES
    shares = [Share(line, *part) for line in chosen for part in enumerate(parts, 1)]
    try:
        ends = Run(arguments.jobs, options).ends(shares)
    except KeyboardInterrupt:
        return 130
    for line in filter(results.was_run, chosen):
        sys.stdout.write(f"{line}: {results.of(line).summary} scenarios passed\n")
    sys.stdout.writelines(failure for ended in ends for failure in ended.failures)
    statuses = {ended.status for ended in ends}
    good = pytest.ExitCode.OK in statuses and NOTHING_BAD.issuperset(statuses)
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e", description=__doc__)
    parser.add_argument("--crossplane", default="", help="lines, `all`, or e.g. 2.4-helm4")
    parser.add_argument("--kubernetes", default="", help="lines of Kubernetes, or `all`")
    parser.add_argument("--smoke", action="store_true", help="run the smoke selection alone")
    parser.add_argument("--jobs", type=int, default=4, help="how many clusters there are at once")
    return parser


if __name__ == "__main__":
    sys.exit(main())
