"""`check` on the images that packages run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.shared.checking import findings, values
from tests.shared.configurations import ACME
from tests.shared.paths import DATA

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command
    from tests.shared.programs import Plain

XPKG = DATA / "xpkg"

PROVIDER = {"path": str(XPKG / "provider-with-runtime.xpkg"), "package": f"{ACME}/nop:v0.5.0"}


@pytest.mark.parametrize(
    ("line", "declared", "problem"),
    [
        pytest.param("2.4", {}, "its image is pulled from .*acme/nop@sha256", id="pushed"),
        pytest.param("2.4", {"runtimeImage": "x"}, "", id="an-image-that-nodes-pull"),
        pytest.param("2.1", {}, "on every node .*nop:v0.5.0", id="never-pulled"),
        pytest.param(
            "2.1", {"runtimeImage": "x"}, 'on every node .*"x"', id="never-pulled-as-runtime-image"
        ),
        pytest.param("2.1", {"install": False}, "", id="not-run"),
    ],
)
def test_the_image_of_a_provider_must_be_pullable_or_on_the_node(
    command: Command, tmp_path: Path, line: str, declared: dict[str, Plain], problem: str
) -> None:
    values_file = values(tmp_path, {"packages": {"nop": {**PROVIDER, **declared}}})
    results = findings(command, "-f", values_file, "--crossplane", line)
    assert [severity for severity, _, _ in results] == ["warning"] * bool(problem)
    assert all(re.search(problem, text) for _, _, text in results)


def test_a_missing_image_is_reported_once(command: Command, tmp_path: Path) -> None:
    values_file = values(tmp_path, {"packages": {"nop": {"path": PROVIDER["path"]}}})
    ((severity, _, problem),) = findings(command, "-f", values_file)
    assert severity == "error"
    assert "no registry has the image" in problem
