"""`python -m tests.e2e.compatibility`: writes docs/compatibility.md from the results of runs."""

from __future__ import annotations

import sys

from tests.e2e.lines import chosen
from tests.e2e.results import Result, of, was_run
from tests.tools.commands import ROOT

LIVE = "live"

PAGE = ROOT / "docs" / "compatibility.md"

TEXT = """\
# Compatibility

What was run on real Crossplane releases, on a real Kubernetes node, with real Helm. Each line of
the table is a run of all scenarios below; those of live mode are counted apart. `make e2e
CROSSPLANE=all` runs them, and `make compatibility` writes this page from the results.

{table}

The chart is ours where it brings that release; everywhere else it is the upstream chart of the
release, with `--config`. A release stands for its line: the last number makes no difference to
the cache. 1.15 to 1.17 and 1.19 were not run; their cache is that of 1.14 and 1.18. Crossplane
older than 1.14 or newer than 2.4 is refused.

## The scenarios

{scenarios}
"""


def main() -> int:
    """Write the page and return the exit status."""
    results = [of(line) for line in reversed(chosen("all")) if was_run(line)]
    if not results:
        sys.stderr.write("there are no results: run make e2e CROSSPLANE=all\n")
        return 1
    table = ["| Crossplane | Helm | Kubernetes | Chart | Scenarios passed | Live mode | Run on |"]
    table += ["|---|---|---|---|---|---|---|", *map(_row, results)]
    page = TEXT.format(table="\n".join(table), scenarios=_scenarios(results))
    PAGE.write_text(page)
    return 0


def _row(result: Result) -> str:
    cells = [result.crossplane, result.helm, result.kubernetes, result.chart]
    parts = [result.of_topic(LIVE, other=True), result.of_topic(LIVE)]
    return f"| {' | '.join([*cells, *(part.summary for part in parts), result.day])} |"


def _scenarios(results: list[Result]) -> str:
    names = sorted({name for result in results for name in result.outcomes})
    lines = []
    for name in names:
        file, _, test = name.partition("::")
        topic = file.removesuffix(".py").split("_", 2)[2].replace("_", " ")
        sentence = test.removeprefix("test_").replace("_", " ")
        failed = [r for r in results if r.outcomes.get(name) == "failed"]
        where = ", ".join(f"{result.crossplane} with Helm {result.helm}" for result in failed)
        lines.append(f"- {topic}: {sentence}" + (f" (**failed** on {where})" if where else ""))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
