"""Write docs/compatibility.md from the results of runs: `python -m tests.e2e.compatibility`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from tests.e2e.lines import USUAL_KUBERNETES, select
from tests.e2e.results import Result, of, topic, was_run
from tests.shared.paths import ROOT
from tests.shared.releases import CROSSPLANE, TOOLS, line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PARTS = {
    "Live mode": ("live",),
    "`up` and images": ("embedded", "up"),
    "Other front-ends": ("front_ends", "gitops", "makelib", "values"),
}
"""The topics that have their own column, by its heading."""

PAGE = ROOT / "docs" / "compatibility.md"

COLUMNS = ("Crossplane", "Helm", "Kubernetes", "Chart", "Scenarios passed", *PARTS, "Run on")

REPLACEMENT = re.compile(r"^replace \S+/crossplane-runtime/v2 => \S+ (\S+)", re.MULTILINE)

TEXT = """\
# Compatibility

This page lists the test runs on real Crossplane releases, on a real Kubernetes node, with real
Helm. Each row is a run of the scenarios below. Scenarios of live mode, of `up` with embedded
images, and of other front-ends have separate columns.
`make e2e CROSSPLANE=all` runs the first table and `make e2e KUBERNETES="1.29 1.37"` the second.
`make compatibility` writes this page from the results.

## Crossplane

{crossplane}

Our chart contains one of these releases. All other releases run with their upstream chart and
`--config`. {patches}

Lines without a row were not tested: 1.15 to 1.17 have the same cache as 1.14, and 1.19 has the same
cache as 1.18. The filter refuses Crossplane older than 1.14 and newer than 2.4; see
[a newer Crossplane](cache.md#a-newer-crossplane).

{runtimes}

## Kubernetes

{kubernetes}

{nodes}

## The scenarios

{scenarios}
"""

PATCHES = """\
Each release is the newest of its line that the Go module proxy of the run served. A patch release
can change the rules for the contents of a package, and the filter knows [the two that
did](cache.md#kinds). No patch release changed the cache."""

RUNTIMES = """\
The images of Crossplane are built from its Go modules. If the proxy did not serve the
crossplane-runtime that a release requires, its image was built with the nearest version that the
proxy served: {runtimes}. The code of the package cache is in `pkg/xpkg` of that module. It is the
same in v2.3.3 and v2.3.4, and in v2.4.0 and v2.5.0-rc.0."""

NODES = """\
Live mode needs Kubernetes 1.29 or later, for sidecar containers. Everything else needs projected
volumes and server-side apply, which all supported releases of Kubernetes have."""


def main() -> int:
    """Write the page and return the exit status."""
    results = [of(line) for line in reversed(select("all", "all")) if was_run(line)]
    usual_results = [result for result in results if line_of(result.kubernetes) == USUAL_KUBERNETES]
    other_results = [result for result in results if result not in usual_results]
    if not usual_results:
        sys.stderr.write("no results: run make e2e CROSSPLANE=all\n")
        return 1
    page = TEXT.format(
        crossplane=_table(usual_results),
        patches=PATCHES,
        runtimes=RUNTIMES.format(runtimes=", ".join(_runtimes())),
        kubernetes=_table(other_results),
        nodes=NODES,
        scenarios=_scenarios(results),
    )
    PAGE.write_text(page)
    return 0


def _runtimes() -> Iterator[str]:
    """Yield each Crossplane release whose build replaces the crossplane-runtime it requires."""
    for line, version in CROSSPLANE.items():
        text = (TOOLS / f"crossplane-{line}" / "go.mod").read_text()
        if match := REPLACEMENT.search(text):
            yield f"{version} with {match[1]}"


def _table(results: Iterable[Result]) -> str:
    rows = [COLUMNS, ["---"] * len(COLUMNS), *map(_cells, results)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _cells(result: Result) -> list[str]:
    cells = [result.crossplane, result.helm, result.kubernetes, result.chart]
    others = {topic(name) for name in result.outcomes}.difference(*PARTS.values())
    parts = [result.of_topics(topics) for topics in (others, *PARTS.values())]
    return [*cells, *(part.summary for part in parts), result.day]


def _scenarios(results: list[Result]) -> str:
    names = sorted({name for result in results for name in result.outcomes})
    lines = []
    for name in names:
        _, _, test = name.partition("::")
        sentence = test.removeprefix("test_").replace("_", " ")
        failed = [r for r in results if r.outcomes.get(name) == "failed"]
        where = ", ".join(f"{result.crossplane} with Helm {result.helm}" for result in failed)
        subject = topic(name).replace("_", " ")
        lines.append(f"- {subject}: {sentence}" + (f" (**failed** on {where})" if where else ""))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
