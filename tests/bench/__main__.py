"""`python -m tests.bench KUSTOMIZE CORPUS`: measures, and writes docs/benchmarks.md."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench import cases, page
from tests.bench.measure import interleaved
from tests.bench.page import Compared, Done, ResultCache


def main(kustomize: Path, corpus: Path) -> None:
    """Measure everything, and write the page.

    Args:
        kustomize: The program.
        corpus: A folder with large packages; it may be missing.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        streams = list(map(_compared, cases.streams(folder / "streams", kustomize)))
        reading = _compared(cases.reading(folder / "reading"))
        packing = list(map(_done, cases.packing(folder / "packing", corpus)))
    page.write(ResultCache(streams, reading, packing))


def _compared(comparison: cases.Comparison) -> Compared:
    programs = [comparison.ours, *comparison.peers, *comparison.parts]
    ours, *others = interleaved(programs, comparison.runs)
    count = len(comparison.peers)
    compared = Compared(comparison, ours, others[:count], others[count:])
    for program, measured in zip(programs, [ours, *others], strict=True):
        _say(f"{comparison.title}: {program.name} {measured.median:.3f} s")
    fastest = comparison.peers[compared.fastest].name
    _say(f"{comparison.title}: {compared.shown} times {fastest}", comparison.aim)
    return compared


def _done(task: cases.Task) -> Done:
    (ours,) = interleaved([task.ours], task.runs)
    _say(f"{task.title}: {ours.median:.2f} s", task.aim)
    return Done(task, ours)


def _say(result: str, aim: float = 0) -> None:
    sys.stderr.write(f"bench: {result}{f' (aim: at most {aim})' if aim else ''}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
