"""`check` on the limits of sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.shared.checking import checked, findings_of, values
from tests.shared.package_files import incompressible

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command
    from tests.shared.programs import Plain


class Sized(NamedTuple):
    """A package of `size` packed bytes, and the limits that it exceeds."""

    size: int
    devcache: dict[str, Plain]
    crossplane: dict[str, Plain]
    refused: tuple[str, ...]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Sized(1_000, {}, {}, ()), id="fits"),
        pytest.param(Sized(800_000, {}, {}, ("Helm release",)), id="release"),
        pytest.param(Sized(800_000, {"limits": {"release": False}}, {}, ()), id="no-secret"),
        pytest.param(Sized(1_100_000, {}, {}, ("ConfigMap", "Helm release")), id="config-map"),
        pytest.param(
            Sized(
                50_000,
                {"cache": {"readWrite": {"sizeLimit": ""}}},
                {"packageCache": {"sizeLimit": "10Ki"}},
                ("cache volume",),
            ),
            id="the-charts-own-limit",
        ),
        pytest.param(
            Sized(
                50_000,
                {"cache": {"readWrite": {"sizeLimit": ""}}},
                {"packageCache": {"sizeLimit": "10Ki", "pvc": "claim"}},
                (),
            ),
            id="a-claim",
        ),
    ],
)
def test_each_limit_is_checked(command: Command, tmp_path: Path, case: Sized) -> None:
    path = str(incompressible(tmp_path / "large", case.size))
    declared: Plain = {"packages": {"large": {"path": path}}, **case.devcache}
    report = checked(command, "-f", values(tmp_path, declared, crossplane=case.crossplane))
    assert tuple(where for _, where, _ in findings_of(report)) == case.refused
    over = [
        size["what"]
        for size in report["sizes"]
        if isinstance(size["ceiling"], int) and int(str(size["bytes"])) > size["ceiling"]
    ]
    assert tuple(over) == case.refused
