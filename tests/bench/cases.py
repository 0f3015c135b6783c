"""What is compared with what, and how far apart the two may be."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

from postrender import results
from tests.bench import inputs
from tests.bench.inputs import COMMAND, ROOT
from tests.bench.measure import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = ROOT / "examples" / "platform"

OTHERS = (0, 1, 10, 50)
"""10^6 bytes of other documents in the streams."""

XPKG = 500
"""10^6 bytes of the large package file."""


class Comparison(NamedTuple):
    """A program of ours and its peer."""

    title: str
    ours: Program
    peer: Program
    aim: float
    """How many times the peer's time ours is to take at most."""

    runs: int
    """How many runs of each are measured."""


class Task(NamedTuple):
    """A program of ours without a peer."""

    title: str
    ours: Program
    aim: float
    """Seconds that it is to take at most; 0 for no aim."""

    runs: int


def streams(folder: Path, kustomize: Path) -> Iterator[Comparison]:
    """Yield the filter beside kustomize, on streams of several sizes."""
    folder.mkdir()
    config = inputs.declaration(folder / "config.yaml", PACKAGE, release=False)
    for megabytes in OTHERS:
        manifests = inputs.rendered(folder / f"{megabytes}.yaml", megabytes)
        kustomization = inputs.kustomization(folder / f"{megabytes}", manifests, config)
        yield Comparison(
            title=f"with {megabytes} MB of other documents" if megabytes else "Crossplane's alone",
            ours=_ours(f"--config={config}", stdin=manifests),
            peer=Program("kustomize build", [str(kustomize), "build", str(kustomization)]),
            aim=0.2 if megabytes else 1.6,
            runs={0: 31, 1: 9, 10: 3}.get(megabytes, 1),
        )


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
        ours=_ours("objects", f"--config={config}", "--crossplane=2.4.0"),
        peer=Program("sha256sum", ["sha256sum", str(path)]),
        aim=1.3,
        runs=7,
    )


def _ours(*arguments: str, stdin: Path | None = None, cache: str = "off") -> Program:
    command = [str(COMMAND), *arguments]
    return Program("crossplane-devcache", command, stdin, {results.VARIABLE: cache})
