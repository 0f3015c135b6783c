"""Defines the comparisons and tasks to measure, with an aim for each."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple

from postrender import result_cache
from tests.bench import inputs, kustomize
from tests.bench.inputs import COMMAND, ROOT
from tests.bench.measure import Program
from tests.shared.releases import CROSSPLANE, NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PACKAGE = ROOT / "examples" / "platform"

RUNS = {0: 31, 1: 9, 10: 3, 50: 1}
"""The number of runs of each stream, by the 10^6 bytes of other documents in it."""

OTHER_MEGABYTES = tuple(RUNS)

CHECKED_MEGABYTES = (0, 1)
"""The streams whose objects from kustomize and the filter are compared. The job is always the same.
"""

XPKG = 500
"""The size of the large package file in 10^6 bytes."""


class Comparison(NamedTuple):
    """A program of ours and its peers, which do the same job."""

    title: str
    ours: Program
    peers: Sequence[Program]
    aim: float
    """The highest acceptable ratio of our time to the time of the fastest peer."""

    runs: int
    """The number of runs of each program."""

    parts: Sequence[Program] = ()
    """Programs that do a part of our job."""


class Task(NamedTuple):
    """A program of ours without a peer."""

    title: str
    ours: Program
    aim: float
    """The longest acceptable time in seconds; 0 for no aim."""

    runs: int


def streams(folder: Path, program: Path) -> Iterator[Comparison]:
    """Yield comparisons of the filter and kustomize on streams of several sizes.

    Args:
        folder: A new folder for the inputs.
        program: The path of kustomize.
    """
    folder.mkdir()
    config = inputs.declaration(folder / "config.yaml", PACKAGE, release=False)
    job = kustomize.job(config)
    for megabytes in OTHER_MEGABYTES:
        manifests = inputs.write_stream(folder / f"{megabytes}.yaml", megabytes)
        ours = _ours(f"--config={config}", stdin=manifests)
        peers = list(_kustomize(program, folder / f"{megabytes}", manifests, job))
        if megabytes in CHECKED_MEGABYTES:
            kustomize.require_same(ours.command, manifests, [peer.command for peer in peers])
        yield Comparison(
            title=f"with {megabytes} MB of other documents" if megabytes else "Crossplane's alone",
            ours=ours,
            peers=peers,
            aim=0.2 if megabytes else 1.6,
            runs=RUNS[megabytes],
            parts=() if megabytes else tuple(_starts()),
        )


def _kustomize(
    program: Path, folder: Path, manifests: Path, job: kustomize.Job
) -> Iterator[Program]:
    """Yield kustomize once for each patch that does the job."""
    folder.mkdir()
    for number, patch in enumerate(job.patches):
        kustomization = folder / f"{number}"
        kustomize.write(kustomization, manifests, job.additions, patch)
        yield Program(f"kustomize, {patch.form}", [str(program), "build", str(kustomization)])


def _starts() -> Iterator[Program]:
    """Yield the minimum work of a filter in Python: start Python, and import a YAML library."""
    for script in ("pass", "import yaml"):
        yield Program(f"python -c '{script}'", [sys.executable, "-c", script])


def packing(folder: Path, corpus: Path) -> Iterator[Task]:
    """Yield runs of the filter with real providers: the first run, and a run without changes."""
    folder.mkdir()
    cache = folder / "cache"
    sources = sorted(corpus.glob("*.package.yaml.xz"), key=lambda source: source.stat().st_size)
    for source in sources:
        name = source.name.partition(".")[0]
        path, size = inputs.provider(folder / name, source)
        is_all = size > 100 * inputs.MEGABYTE
        payload = "apart" if is_all else "release"
        config = inputs.declaration(folder / f"{name}.yaml", path, payload=payload)
        ours = _ours(f"--config={config}", stdin=inputs.RENDERED, cache=str(cache))
        first = ours._replace(prepare=lambda: shutil.rmtree(cache, ignore_errors=True))
        title = f"{name}, {size / inputs.MEGABYTE:.1f} MB"
        yield Task(f"{title}, the first time", first, 4 if is_all else 0, 2 if is_all else 5)
        yield Task(f"{title}, nothing changed", ours, 0.3 if is_all else 0, 7)


def reading(folder: Path) -> Comparison:
    """Return the comparison of reading a large package file and computing its sha256."""
    path = inputs.runtime(folder, XPKG)
    config = inputs.declaration(folder / "config.yaml", path)
    return Comparison(
        title=f"an .xpkg file of {XPKG} MB",
        ours=_ours("objects", f"--config={config}", f"--crossplane={CROSSPLANE[NEWEST]}"),
        # They use different instructions of the processor, so either can be faster.
        peers=[
            Program("openssl dgst", ["openssl", "dgst", "-sha256", str(path)]),
            Program("sha256sum", ["sha256sum", str(path)]),
        ],
        aim=1.3,
        runs=7,
    )


def _ours(*arguments: str, stdin: Path | None = None, cache: str = "off") -> Program:
    command = [str(COMMAND), *arguments]
    return Program("crossplane-devcache", command, stdin, {result_cache.VARIABLE: cache})
