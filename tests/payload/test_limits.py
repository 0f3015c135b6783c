"""The limits of a ConfigMap and of a Helm release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from postrender.cli import main
from tests.shared import manifests
from tests.shared.declarations import config_option
from tests.shared.package_files import incompressible

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command

RENDERED = manifests.RENDERED.encode()


@pytest.mark.parametrize(
    ("size", "limits", "message"),
    [
        pytest.param(600_000, "{}", "", id="fits"),
        pytest.param(
            800_000,
            "{}",
            r"720,896 bytes.*limits.release",
            id="release",
        ),
        pytest.param(800_000, "{release: false}", "", id="a-release-that-is-no-secret"),
        pytest.param(
            1_100_000,
            "{release: false}",
            r"ConfigMap crossplane-devcache: .* [\d,]+ bytes, .* 1,048,576",
            id="config-map",
        ),
    ],
)
def test_too_large_packages_are_refused_with_the_numbers(
    golden_command: Command, tmp_path: Path, size: int, limits: str, message: str
) -> None:
    folder = incompressible(tmp_path / "large", size)
    spec = f"{{limits: {limits}, packages: {{large: {{path: {folder}}}}}}}"
    run = golden_command(config_option(tmp_path, spec), stdin=RENDERED)
    if message:
        assert re.search(message, run.message(), re.DOTALL)
        return
    assert run.status == main.DONE
