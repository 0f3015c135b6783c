"""Run the property tests of hostile input with one seed after the other, until a test fails.

`make fuzz` runs it. Hypothesis keeps an example that fails in the folder .hypothesis, and tries it
first in the next run.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from itertools import count

from tests.shared.fuzzing import VARIABLE
from tests.shared.paths import ROOT

EXAMPLES = 10_000
"""The most examples of a test with a seed: hypothesis remembers them, which takes memory."""

COMMAND = (sys.executable, "-m", "pytest", "-m", "fuzz", "tests", "--numprocesses=auto", "--quiet")
OPTIONS = ("--ignore=tests/e2e", "--ignore=tests/tools", "--hypothesis-show-statistics")


def main() -> int:
    """Run the tests, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=0, help="stop after this number; 0: never")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    arguments = parser.parse_args()
    runs = 0
    for seed in count(arguments.seed):
        run = subprocess.run(
            [*COMMAND, *OPTIONS, f"--hypothesis-seed={seed}"],
            cwd=ROOT,
            env=os.environ | {VARIABLE: str(EXAMPLES)},
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
        examples = [int(count) for count in re.findall(r"- (\d+) passing", run.stdout)]
        if run.returncode or not examples:
            sys.stdout.write(run.stdout)
            sys.stdout.write(f"seed {seed} fails\n")
            return 1
        runs += sum(examples)
        sys.stdout.write(f"seed {seed}: {runs:,} runs without a failure\n")
        sys.stdout.flush()
        if 0 < arguments.runs <= runs:
            return 0
    raise AssertionError


if __name__ == "__main__":
    sys.exit(main())
