"""`check`: everything that a render would refuse, and what would go wrong behind it; no Helm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.checks import everything
from postrender.declared import given
from postrender.reports import Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.checks.dependencies import Resolution
    from postrender.checks.everything import Checked
    from postrender.checks.sizes import Size
    from postrender.manifests.nodes import Plain
    from postrender.progress import Tell


def run(
    *,
    tell: Tell,
    values_files: Sequence[Path] = (),
    config: Path | None = None,
    crossplane: str = "",
    offline: bool = False,
) -> Report:
    """Return what is to be said of declared packages; refused when there is an error among it.

    Args:
        tell: Is told what is being done.
        values_files: Values files of our chart, or none.
        config: A file with a DevCache document instead.
        crossplane: The Crossplane version; default: what the declaration says, else our chart's.
        offline: Whether to refuse a dependency that is not local, whatever the declaration says.

    Raises:
        DevcacheError: A file cannot be read or is no YAML, or the version is not supported.
    """
    spec, upstream = given.specified(values_files, config)
    checked = everything.check(spec, upstream, crossplane=crossplane, offline=offline, tell=tell)
    errors, warnings = checked.count("error"), checked.count("warning")
    return Report(
        value=_value(checked),
        tables=_tables(checked),
        summary=f"packages: {len(checked.placed)}, errors: {errors}, warnings: {warnings};"
        f" for Crossplane {checked.version}",
        refused=errors > 0,
    )


def _value(checked: Checked) -> Plain:
    root = checked.layout.cache_root
    return {
        "crossplane": checked.version,
        "packages": [
            {
                "name": one.name,
                "kind": one.package.kind,
                "path": one.declared.path,
                "package": one.declared.reference.text,
                "file": f"{root}/{one.cache_key}",
            }
            for one in checked.placed
        ],
        "dependencies": [
            {
                "package": one.package,
                "dependency": one.source,
                "constraint": one.constraint,
                "state": one.state,
                "local": one.local,
                "version": one.version,
                "resolverName": one.resolver_name,
            }
            for one in checked.resolutions
        ],
        "sizes": [
            {"what": one.what, "bytes": one.size, "ceiling": one.ceiling} for one in checked.sizes
        ],
        "findings": [
            {
                "severity": one.severity,
                "packages": list(one.packages),
                "where": one.where,
                "problem": one.problem,
                "hint": one.hint,
            }
            for one in checked.findings
        ],
    }


def _tables(checked: Checked) -> tuple[Table, ...]:
    return (
        Table(
            "Dependencies",
            ("PACKAGE", "DEPENDS ON", "RANGE", "STATE", "BY"),
            tuple(map(_dependency_row, checked.resolutions)),
        ),
        Table(
            "Sizes",
            ("WHAT", "BYTES", "OF"),
            tuple((one.what, f"{one.size:,}", _ceiling(one)) for one in checked.sizes),
        ),
        Table(
            "Findings",
            ("SEVERITY", "WHERE", "PROBLEM", "HINT"),
            tuple((one.severity, one.where, one.problem, one.hint) for one in checked.findings),
        ),
    )


def _dependency_row(one: Resolution) -> tuple[str, ...]:
    by = f"{one.local} {one.version}" if one.local else "Crossplane, from the registry"
    return (one.package, one.source, one.constraint, one.state, by)


def _ceiling(one: Size) -> str:
    return "no limit" if one.ceiling is None else f"{one.ceiling:,}"
