"""The source of the function under examples/, which is in Go, passes what its own tools ask."""

from __future__ import annotations

import subprocess

import pytest

from tests.tools.commands import ROOT

SOURCE = ROOT / "examples" / "function-zones"


@pytest.mark.parametrize(
    "command",
    [["go", "test", "./..."], ["go", "vet", "./..."]],
    ids=lambda command: " ".join(command[:2]),
)
def test_the_source_passes(command: list[str]) -> None:
    run = subprocess.run(command, cwd=SOURCE, capture_output=True, encoding="utf-8", check=False)
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"


def test_the_source_is_formatted() -> None:
    assert subprocess.check_output(["gofmt", "-l", "."], cwd=SOURCE, encoding="utf-8") == ""
