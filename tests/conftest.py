"""Options of the test runner."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from postrender import result_cache
from tests.shared.command import Command

os.environ[result_cache.VARIABLE] = "off"  # tests neither find nor leave anything in your cache

settings.register_profile("untimed", deadline=None)  # no test depends on time
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update."""
    parser.addoption("--update", action="store_true", help="write the golden files anew")


@pytest.fixture
def command(capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Return what runs the command."""
    return Command(capsysbinary)
