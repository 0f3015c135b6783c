"""`push`: packages on disk into a release in live mode, until Crossplane has taken them."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.interface import arguments, start_time
from postrender.interface.command import Command
from postrender.interface.report import Report, Table
from postrender.live import push, selection
from postrender.live.cluster import Cluster
from postrender.live.stopwatch import Progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.interface.progress import Tell
    from postrender.live.push import Outcome, Pushed


def run(  # noqa: PLR0913  # the options of the command line
    *,
    tell: Tell,
    paths: Sequence[Path] = (),
    values_files: Sequence[Path] = (),
    namespace: str = "crossplane-system",
    context: str = "",
    timeout: float = 300,
) -> Report:
    """Return what was done.

    Args:
        tell: Is told what is being done.
        paths: Packages on disk; none for all of the values, or all that the release declares.
        values_files: Values files of our chart, or none.
        namespace: The namespace of the release.
        context: The context of the kubeconfig, or "" for the current one.
        timeout: Seconds until it is given up.

    Raises:
        DevcacheError: A file, a package or the cluster refuses; see `push.push`.
    """
    start = start_time.monotonic()
    declared, cache = selection.declared(values_files), result_cache.of_user(os.environ)
    cluster = Cluster(context, namespace)
    first = ("started", time.monotonic() - start)
    outcome = push.push(
        cluster,
        lambda release: selection.local_packages(
            release, selection.choose(release, paths, declared, cache), cache
        ),
        Progress(tell, timeout),
        cache,
    )
    return report(replace(outcome, steps=(first, *outcome.steps)))


def report(outcome: Outcome) -> Report:
    """Return what is told of it."""
    total = sum(seconds for _, seconds in outcome.steps)
    rows = [(step, f"{seconds:.2f} s") for step, seconds in outcome.steps]
    return Report(
        value={
            "packages": [
                {
                    "name": one.change.name,
                    "kind": one.change.entry.kind,
                    "change": one.change.state,
                    "declared": one.change.is_declared,
                    "content": one.change.entry.content,
                    "revision": one.state.revision,
                    "healthy": one.state.is_healthy,
                    "trouble": one.state.trouble,
                }
                for one in outcome.pushed
            ],
            "steps": [{"step": step, "seconds": round(took, 3)} for step, took in outcome.steps],
        },
        tables=(
            Table(
                "Packages",
                ("PACKAGE", "CONTENT", "DECLARED BY", "REVISION", "STATE"),
                tuple(map(_row, outcome.pushed)),
            ),
            Table("Steps", ("STEP", "TOOK"), tuple(rows)),
        ),
        summary=f"{'nothing to do' if outcome.did_nothing else 'pushed'}, {total:.2f} s in all",
    )


def _row(one: Pushed) -> tuple[str, ...]:
    content = {"same": "the same", "changed": "changed", "new": "new"}[one.change.state]
    declared = "the release" if one.change.is_declared else "nobody: pushed"
    return (one.change.name, content, declared, one.state.revision, one.state.summary)


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.optional_paths(parser)
    arguments.cluster(parser)
    arguments.timeout(parser)
    arguments.output(parser)


COMMAND = Command(
    help="push packages into a release in live mode, and wait until they are healthy",
    arguments=_arguments,
    run=run,
    shows="progress",
)
