"""Running `check`, and reading its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command
    from tests.shared.programs import Plain


def values(folder: Path, devcache_: Plain, name: str = "values.yaml", **others: Plain) -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump({"devcache": devcache_, **others}))
    return path


def checked(command: Command, *arguments: str | Path) -> dict[str, list[dict[str, Plain]]]:
    """Return the report of a check, whose findings go with its status."""
    found = command("check", *arguments, "-o", "json")
    report = found.json("check")
    said = report["findings"]
    assert found.status == int(any(one["severity"] == "error" for one in said))
    assert all(one["problem"] and not str(one["problem"]).endswith(".") for one in said)
    return report


def findings_of(report: dict[str, list[dict[str, Plain]]]) -> list[tuple[str, str, str]]:
    """Return severity, where and problem of each finding."""
    return [
        (str(one["severity"]), str(one["where"]), str(one["problem"])) for one in report["findings"]
    ]


def findings(command: Command, *arguments: str | Path) -> list[tuple[str, str, str]]:
    """Check, and return severity, where and problem of each finding."""
    return findings_of(checked(command, *arguments))
