"""Run the benchmarks and write docs/benchmarks.md.

Usage: `python -m tests.bench KUSTOMIZE CROSSPLANE CORPUS`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.bench import cases, page
from tests.bench.measure import measure_in_turns
from tests.bench.page import ComparisonResult, DirectoryResult, Results, TaskResult


def main(kustomize: Path, crossplane: Path, corpus: Path) -> None:
    """Run all benchmarks, and write the page.

    Args:
        kustomize: The path of kustomize.
        crossplane: The path of the crossplane CLI.
        corpus: A folder with large packages, which may not exist.
    """
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        streams = list(map(_compare, cases.streams(folder / "streams", kustomize)))
        reading = _compare(cases.reading(folder / "reading"))
        packing = list(map(_run_task, cases.packing(folder / "packing", corpus)))
        directory = _directory(cases.directory(folder / "directory", corpus, crossplane))
        with cases.push(folder / "push") as tasks:
            push = list(map(_run_task, tasks))
    page.write(Results(streams, reading, packing, directory, push, load))


def _directory(directory: cases.Directory | None) -> DirectoryResult | None:
    if directory is None:
        return None
    first = _compare(directory.first)
    changed = _run_task(directory.changed)
    return DirectoryResult(first, changed, list(map(_compare, directory.again)))


def _compare(comparison: cases.Comparison) -> ComparisonResult:
    programs = [comparison.ours, *comparison.peers, *comparison.parts]
    ours, *others = measure_in_turns(programs, comparison.runs)
    count = len(comparison.peers)
    result = ComparisonResult(comparison, ours, others[:count], others[count:])
    for program, measurement in zip(programs, [ours, *others], strict=True):
        _say(f"{comparison.title}: {program.name} {measurement.median:.3f} s")
    fastest = comparison.peers[result.fastest].name
    _say(f"{comparison.title}: {result.ratio_text} times {fastest}", comparison.aim)
    return result


def _run_task(task: cases.Task) -> TaskResult:
    (ours,) = measure_in_turns([task.ours], task.runs)
    _say(f"{task.title}: {ours.median:.2f} s", task.aim)
    return TaskResult(task, ours)


def _say(result: str, aim: float = 0) -> None:
    sys.stderr.write(f"bench: {result}{f' (aim: at most {aim})' if aim else ''}\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
