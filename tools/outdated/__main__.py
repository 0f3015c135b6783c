"""Print the pins of this project that have newer versions: `python -m tools.outdated`.

The report is for a person: the exit status is 0 for any result, and 2 for a wrong argument. Run it
in the environment of `make venv`: pip lists only versions that its Python can install.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from postrender.cli import display
from tools.outdated import findings, pins, registries

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Query all sources, and print the report."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.outdated",
        description="List the pins of this project that have newer versions. The exit status is 0.",
    )
    parser.add_argument("--all", action="store_true", help="list the other pins, too")
    arguments = parser.parse_args()
    entries = pins.read(ROOT)
    questions = findings.questions(entries)
    with display.progress(sys.stderr) as tell:
        tell(f"asking for the versions of {len(questions)} modules, packages and actions")
        answers = registries.ask(questions, registries.output_of)
    report = findings.report(entries, pins.read_manual(ROOT), answers, everything=arguments.all)
    sys.stdout.write(display.as_text(report, terminal=sys.stdout.isatty()))


if __name__ == "__main__":
    main()
