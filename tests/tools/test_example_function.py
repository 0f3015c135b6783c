"""The Go source of the function under examples/ passes its tests and Go's own checks."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.shared.paths import ROOT

pytestmark = pytest.mark.linux  # tools/build.sh

SOURCE = ROOT / "examples" / "function-zones"

AS_BUILT = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-trimpath"}
"""The settings of tools/build.sh, so that Go reuses the compiled packages."""


@pytest.mark.parametrize(
    "command",
    [["go", "test", "-vet=off", "./..."], ["go", "vet", "./..."]],
    ids=lambda command: " ".join(command[:2]),
)
def test_the_source_passes(command: list[str]) -> None:
    run = subprocess.run(
        command, cwd=SOURCE, env=AS_BUILT, capture_output=True, encoding="utf-8", check=False
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"


def test_the_source_is_formatted() -> None:
    assert subprocess.check_output(["gofmt", "-l", "."], cwd=SOURCE, encoding="utf-8") == ""
