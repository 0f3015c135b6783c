"""What is compared with what, and how far apart the two may be."""

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
"""How many runs there are of each stream, by the 10^6 bytes of other documents in it."""

OTHERS = tuple(RUNS)

CHECKED = (0, 1)
"""For which of them kustomize's objects are compared with the filter's: the job is always one."""

XPKG = 500
"""10^6 bytes of the large package file."""


class Comparison(NamedTuple):
    """A program of ours and programs that do the same job."""

    title: str
    ours: Program
    peers: Sequence[Program]
    aim: float
    """How many times the time of the fastest peer ours is to take at most."""

    runs: int
    """How many runs of each are measured."""

    parts: Sequence[Program] = ()
    """Programs that do a part of what ours does."""


class Task(NamedTuple):
    """A program of ours without a peer."""

    title: str
    ours: Program
    aim: float
    """Seconds that it is to take at most; 0 for no aim."""

    runs: int


def streams(folder: Path, program: Path) -> Iterator[Comparison]:
    """Yield the filter beside kustomize, on streams of several sizes.

    Args:
        folder: Where to write what they read.
        program: kustomize.
    """
    folder.mkdir()
    config = inputs.declaration(folder / "config.yaml", PACKAGE, release=False)
    job = kustomize.job(config)
    for megabytes in OTHERS:
        manifests = inputs.rendered(folder / f"{megabytes}.yaml", megabytes)
        ours = _ours(f"--config={config}", stdin=manifests)
        peers = list(_kustomize(program, folder / f"{megabytes}", manifests, job))
        if megabytes in CHECKED:
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
    """Yield kustomize, once with each patch that does the job."""
    folder.mkdir()
    for number, patch in enumerate(job.patches):
        kustomization = folder / f"{number}"
        kustomize.write(kustomization, manifests, job.added, patch)
        yield Program(f"kustomize, {patch.form}", [str(program), "build", str(kustomization)])


def _starts() -> Iterator[Program]:
    """Yield the least that a filter in Python does: Python starts, and imports a YAML library."""
    for script in ("pass", "import yaml"):
        yield Program(f"python -c '{script}'", [sys.executable, "-c", script])


def packing(folder: Path, corpus: Path) -> Iterator[Task]:
    """Yield the filter with real providers: the first time, and when nothing has changed."""
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
    """Return the reading of a large package file beside its sha256."""
    path = inputs.runtime(folder, XPKG)
    config = inputs.declaration(folder / "config.yaml", path)
    return Comparison(
        title=f"an .xpkg file of {XPKG} MB",
        ours=_ours("objects", f"--config={config}", f"--crossplane={CROSSPLANE[NEWEST]}"),
        # Each uses other instructions of the processor, so either may be the faster one.
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
