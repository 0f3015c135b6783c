"""Runs of `check`, and their reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command
    from tests.shared.programs import Plain


def values(folder: Path, devcache: Plain, name: str = "values.yaml", **others: Plain) -> Path:
    """Write a values file of the chart, and return its path."""
    path = folder / name
    path.write_text(yaml.safe_dump({"devcache": devcache, **others}))
    return path


def checked(command: Command, *arguments: str | Path) -> dict[str, list[dict[str, Plain]]]:
    """Run `check`, and return its report; the exit status must agree with the findings."""
    run = command("check", *arguments, "-o", "json")
    report = run.json("check")
    findings = report["findings"]
    assert run.status == int(any(finding["severity"] == "error" for finding in findings))
    assert all(
        finding["problem"] and not str(finding["problem"]).endswith(".") for finding in findings
    )
    return report


def findings_of(report: dict[str, list[dict[str, Plain]]]) -> list[tuple[str, str, str]]:
    """Return severity, where and problem of each finding."""
    return [
        (str(finding["severity"]), str(finding["where"]), str(finding["problem"]))
        for finding in report["findings"]
    ]


def findings(command: Command, *arguments: str | Path) -> list[tuple[str, str, str]]:
    """Run `check`, and return severity, where and problem of each finding."""
    return findings_of(checked(command, *arguments))
