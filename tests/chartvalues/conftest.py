"""The fixture of these tests: packages on disk, and values files that declare them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.shared import checking
from tests.shared.configurations import ACME, package
from tests.shared.package_files import FUNCTION, PROVIDER, directory, with_runtime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.shared.command import Command, Run
    from tests.shared.programs import Plain

    Declared = Mapping[str, Mapping[str, Plain]]


@dataclass(frozen=True)
class Values:
    """Runs `values` on packages of a folder."""

    folder: Path
    command: Command

    def declare(
        self,
        packages: Declared,
        crossplane: Mapping[str, Plain] | None = None,
        **settings: Plain,
    ) -> Path:
        """Write a values file, and return its path.

        Args:
            packages: The declarations by name. The default path is `NAME` in the folder.
            crossplane: The values of the upstream chart.
            **settings: More settings of `devcache`.
        """
        declared: Plain = {
            name: {"path": str(self.folder / name), **fields} for name, fields in packages.items()
        }
        block = dict(crossplane or {})
        return checking.values(self.folder, {"packages": declared, **settings}, crossplane=block)

    def run(self, file: Path, *options: str, version: str = "2.4") -> Run:
        """Run `values` on a values file."""
        return self.command("values", "-f", file, f"--crossplane={version}", *options)


@pytest.fixture
def values(tmp_path: Path, command: Command) -> Values:
    """The command, with packages of each kind.

    `platform` needs `network` by a range, and `pinned` needs it by a digest that it does not have.
    """
    package(tmp_path, "network")
    package(tmp_path, "other")
    package(tmp_path, "platform", [(f"{ACME}/network", ">=v0.1.0")])
    package(tmp_path, "pinned", [(f"{ACME}/network", f"sha256:{'0' * 64}")])
    package(tmp_path, "picky", crossplane={"version": ">=v9.0.0"})
    package(tmp_path, "far", [(f"{ACME}/far-away", ">=v0.1.0")])
    directory(tmp_path / "nop", {"crossplane.yaml": PROVIDER})
    directory(tmp_path / "zones", {"crossplane.yaml": FUNCTION})
    with_runtime(tmp_path / "embedded")
    return Values(tmp_path, command)
