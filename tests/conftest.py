"""The options and fixtures of all tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from postrender import result_cache
from tests.shared.command import Command
from tests.shared.declarations import Declare
from tests.shared.package_files import META, directory
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

os.environ[result_cache.VARIABLE] = "off"  # tests neither read nor write the cache of the user

settings.register_profile("untimed", deadline=None)  # no test depends on time
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update."""
    parser.addoption("--update", action="store_true", help="write the golden files anew")


@pytest.fixture
def command(capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Return a callable that runs the command in this process."""
    return Command(capsysbinary)


@pytest.fixture
def golden_command(command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a callable that runs the command in the folder of the golden cases."""
    monkeypatch.chdir(GOLDEN)
    return command


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """Return a callable that writes a DevCache of packages."""
    for name in ("first", "second"):
        directory(tmp_path / name, {"crossplane.yaml": META + f"# {name}\n".encode()})
    return Declare(tmp_path)
