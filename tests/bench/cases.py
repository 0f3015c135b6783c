"""Defines the comparisons and tasks to measure, with an aim for each."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from postrender import result_cache
from tests.bench import inputs, kustomize
from tests.bench.inputs import COMMAND, ROOT
from tests.bench.measure import Program
from tests.shared import fake_cluster, live_release
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


class Directory(NamedTuple):
    """The measurements of a large provider as a package directory."""

    first: Comparison
    """The first run of the filter, and a build of an .xpkg file."""

    changed: Task
    """A run after a change of one file."""

    again: Sequence[Comparison]
    """Other commands and the filter, when nothing has changed."""


def directory(folder: Path, corpus: Path, crossplane: Path) -> Directory | None:
    """Return the measurements of the largest provider, or None if there is no such package.

    Args:
        folder: A new folder for the inputs.
        corpus: A folder with large packages, which may not exist.
        crossplane: The path of the crossplane CLI.
    """
    source = corpus / "provider-aws.package.yaml.xz"
    if not source.exists():
        return None
    folder.mkdir()
    cache = folder / "cache"
    root, count = inputs.directory(folder / "package", source)
    # A registry has the image of a provider in a package file, but not of one in a directory.
    settings = {"runtimeImage": "registry.example.com/acme/runtime:v0.1.0"}
    config = inputs.declaration(folder / "config.yaml", root, payload="apart", settings=settings)
    run = _ours(f"--config={config}", stdin=inputs.RENDERED, cache=str(cache))
    numbers = itertools.count()

    def change() -> None:
        file = root / f"{count // 2:05}.yaml"
        with file.open("a") as stream:
            stream.write(f"# {next(numbers)}\n")

    package = str(folder / "package.xpkg")
    build = ["xpkg", "build", f"--package-root={root}", f"--package-file={package}"]
    # The default is the folder `examples` of the working directory.
    build.append(f"--examples-root={folder / 'none'}")
    title = f"a directory of {count:,} CRDs"
    commands = (("check", f"--config={config}"), ("inspect", str(root)))
    return Directory(
        first=Comparison(
            title=f"{title}, the first time",
            ours=run._replace(prepare=lambda: shutil.rmtree(cache, ignore_errors=True)),
            peers=[Program("crossplane xpkg build", [str(crossplane), *build])],
            aim=0.5,
            runs=1,
        ),
        changed=Task(f"{title}, one has changed", run._replace(prepare=change), 2, 7),
        again=[
            Comparison(
                title=f"{command[0]}, nothing changed",
                ours=_ours(*command, cache=str(cache)),
                peers=[run._replace(name="the filter, nothing changed")],
                aim=2,
                runs=7,
            )
            for command in commands
        ],
    )


@contextmanager
def push(folder: Path) -> Iterator[list[Task]]:
    """Yield a push as a process without its steps, and the minimum work of such a process.

    The API server is on loopback and answers at once. Each push has another content.
    """
    folder.mkdir()
    declared = live_release.package(folder)
    output = folder / "output.json"
    numbers = itertools.count()

    def change() -> None:
        live_release.edited(folder, edit=f"{next(numbers)}")

    def steps() -> float:
        """Return the seconds of the steps, without the first one, the start of the process."""
        report = json.loads(output.read_text())
        return sum(float(step["seconds"]) for step in report["steps"][1:])

    with fake_cluster.released(folder, declared):
        ours = _ours("push", "--output=json")
        ours = ours._replace(prepare=change, stdout=output, excluded=steps)
        imports = "import lightkube, httpcore2"
        library = Program(imports, [sys.executable, "-c", imports])
        yield [
            Task("`push` beside its steps", ours, 0.4, 15),
            Task(f"`python -c '{imports}'`", library, 0, 15),
        ]


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
