"""`check`: reports the problems of a declaration in the filter and the cluster, without Helm."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.checks.check import check
from postrender.declared import options
from postrender.graph import tree
from postrender.graph.graph import build
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.interface.report import Report, Table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from postrender.checks.check import Outcome
    from postrender.checks.dependencies import Resolution
    from postrender.checks.findings import Finding
    from postrender.checks.sizes import Size
    from postrender.interface.progress import Tell
    from postrender.interface.report import Tree
    from postrender.manifests.nodes import Plain


_LONG_HINT = 160
"""The longest hint in characters that the table repeats, e.g. not the kinds of a package."""


def run(  # noqa: PLR0913  # the options of the command line
    *,
    tell: Tell,
    values_files: Sequence[Path] = (),
    config: Path | None = None,
    crossplane: str = "",
    offline: bool = False,
    relative_to_file: bool = False,
) -> Report:
    """Return a report on the declared packages; `refused` is true if there is an error.

    Args:
        tell: Shows the current step.
        values_files: Values files of our chart, or none.
        config: A file with a DevCache document in place of values files, or None.
        crossplane: The Crossplane version; by default the declared one, else that of our chart.
        offline: Whether to refuse a dependency that is not local, regardless of the declaration.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: A file cannot be read or is not YAML, declares no packages, or the version is
            not supported.
    """
    spec, upstream = options.load(values_files, config, relative_to_file=relative_to_file)
    cache = result_cache.of_user(os.environ)
    outcome = check(spec, upstream, crossplane=crossplane, offline=offline, tell=tell, cache=cache)
    errors, warnings = outcome.count("error"), outcome.count("warning")
    return Report(
        value=_value(outcome),
        tables=_tables(outcome),
        summary=f"packages: {len(outcome.inputs.packages)}, errors: {errors}, warnings: {warnings};"
        f" for Crossplane {outcome.inputs.target.version}",
        refused=errors > 0,
        tree=_tree(outcome),
    )


def _tree(outcome: Outcome) -> Tree | None:
    """Return the dependency tree if there is a finding on dependencies."""
    graph = build(outcome.inputs, outcome.resolutions)
    if outcome.on_dependencies or not graph.is_complete:
        return tree.draw(graph)
    return None


def _value(outcome: Outcome) -> Plain:
    root = outcome.inputs.target.layout.cache_root
    return {
        "crossplane": str(outcome.inputs.target.version),
        "packages": [
            {
                "name": package.name,
                "kind": package.kind,
                "path": package.declaration.path,
                "package": package.reference.text,
                "file": f"{root}/{package.cache_key}",
            }
            for package in outcome.inputs.packages
        ],
        "dependencies": [
            {
                "package": resolution.package,
                "dependency": resolution.source,
                "constraint": resolution.constraint,
                "state": resolution.state,
                "local": resolution.local,
                "version": resolution.version,
                "resolverName": resolution.resolver_name,
            }
            for resolution in outcome.resolutions
        ],
        "sizes": [
            {"what": size.subject, "bytes": size.size, "ceiling": size.limit}
            for size in outcome.sizes
        ],
        "findings": finding_values(outcome),
    }


def finding_values(outcome: Outcome) -> list[Plain]:
    """Return the findings as JSON values, for `check` and `up`."""
    return [
        {
            "severity": finding.severity,
            "packages": list(finding.packages),
            "where": finding.where,
            "problem": finding.problem,
            "hint": finding.hint,
        }
        for finding in outcome.findings
    ]


def _tables(outcome: Outcome) -> tuple[Table, ...]:
    return (
        Table(
            "Dependencies",
            ("PACKAGE", "DEPENDS ON", "RANGE", "STATE", "BY"),
            tuple(map(_dependency_row, outcome.resolutions)),
        ),
        Table(
            "Sizes",
            ("OBJECT", "BYTES", "LIMIT"),
            tuple((size.subject, f"{size.size:,}", _limit(size)) for size in outcome.sizes),
        ),
        Table(
            "Findings",
            ("SEVERITY", "WHERE", "PROBLEM", "HINT"),
            tuple(_finding_rows(outcome.findings)),
        ),
    )


def _dependency_row(resolution: Resolution) -> tuple[str, ...]:
    provider = "Crossplane, from the registry" if resolution.state == "pulled" else ""
    if resolution.local:
        provider = f"{resolution.local} {resolution.version}"
    return (
        resolution.package,
        resolution.source,
        resolution.constraint,
        resolution.state,
        provider,
    )


def _finding_rows(findings: Sequence[Finding]) -> Iterator[tuple[str, ...]]:
    long_hints: set[str] = set()
    for finding in findings:
        hint = "as above" if finding.hint in long_hints else finding.hint
        if len(hint) > _LONG_HINT:
            long_hints.add(hint)
        yield (finding.severity, finding.where, finding.problem, hint)


def _limit(size: Size) -> str:
    return "no limit" if size.limit is None else f"{size.limit:,}"


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.declaration(parser)
    arguments.declared_crossplane(parser)
    arguments.offline(parser, "refuse dependencies that are not local")
    arguments.output(parser)


COMMAND = Command(
    help="find the problems in a declaration, without Helm",
    example="check -f values.yaml --crossplane 2.4",
    arguments=_arguments,
    run=run,
    problem=arguments.declaration_problem,
    shows="progress",
)
