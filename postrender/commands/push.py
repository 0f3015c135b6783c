"""`push`: brings packages from disk into a release in live mode."""

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
    from postrender.live.push import Outcome, PackageOutcome


def run(  # noqa: PLR0913  # the options of the command line
    *,
    tell: Tell,
    paths: Sequence[Path] = (),
    values_files: Sequence[Path] = (),
    namespace: str = "crossplane-system",
    context: str = "",
    timeout: float = 300,
    loader: str = "",
    relative_to_file: bool = False,
) -> Report:
    """Push packages, and return the report.

    Args:
        tell: Shows the current step.
        paths: Packages on disk; none for all packages of the values files or of the release.
        values_files: Values files of our chart, or none.
        namespace: The namespace of the release.
        context: The context of the kubeconfig, or "" for the current one.
        loader: A command that reads an image archive from stdin; by default the one of the context.
        timeout: Seconds after which the push fails.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: A file or a package is invalid, or the push fails; see `push.push`.
    """
    start = start_time.monotonic()
    declarations = selection.of_values(values_files, relative_to_file=relative_to_file)
    cache = result_cache.of_user(os.environ)
    cluster = Cluster(context, namespace, loader)
    first_step = ("started", time.monotonic() - start)
    outcome = push.push(
        cluster,
        lambda release: selection.local_packages(
            release, selection.choose(release, paths, declarations, cache), cache
        ),
        Progress(tell, timeout),
        cache,
    )
    return report(replace(outcome, steps=(first_step, *outcome.steps)))


def report(outcome: Outcome) -> Report:
    """Return the report on a push."""
    total = sum(seconds for _, seconds in outcome.steps)
    rows = [(step, f"{seconds:.2f} s") for step, seconds in outcome.steps]
    return Report(
        value={
            "packages": [
                {
                    "name": package.change.name,
                    "kind": package.change.entry.kind,
                    "change": package.change.state,
                    "declared": package.change.is_declared,
                    "content": package.change.entry.content,
                    "revision": package.state.revision,
                    "healthy": package.state.is_healthy,
                    "trouble": package.state.trouble,
                }
                for package in outcome.packages
            ],
            "steps": [
                {"step": step, "seconds": round(seconds, 3)} for step, seconds in outcome.steps
            ],
        },
        tables=(
            Table(
                "Packages",
                ("PACKAGE", "CONTENT", "DECLARED BY", "REVISION", "STATE"),
                tuple(map(_row, outcome.packages)),
            ),
            Table("Steps", ("STEP", "TOOK"), tuple(rows)),
        ),
        summary=f"{'nothing to do' if outcome.did_nothing else 'pushed'}, {total:.2f} s in all",
    )


def _row(package: PackageOutcome) -> tuple[str, ...]:
    content = {"same": "the same", "changed": "changed", "new": "new"}[package.change.state]
    declared = "the release" if package.change.is_declared else "nobody: pushed"
    return (package.change.name, content, declared, package.state.revision, package.state.summary)


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.optional_paths(parser)
    arguments.cluster(parser)
    arguments.timeout(parser)
    arguments.loader(parser)
    arguments.output(parser)


COMMAND = Command(
    help="push packages into a release in live mode, and wait until they are healthy",
    example="push ./platform",
    arguments=_arguments,
    run=run,
    shows="progress",
)
