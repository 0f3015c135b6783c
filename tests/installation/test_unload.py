"""Tests of `unload` with resources of the package's APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.shared.command import Command
from tests.shared.installation import package, place, store_api
from tests.shared.live_release import VERSIONS

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.crossplane.versions import Version


RESOURCES = {
    *("configurations", "configurationrevisions"),
    *("compositeresourcedefinitions", "xdatabases"),
}


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes]) -> Command:
    return Command(capfdbinary)


@VERSIONS
def test_resources_stop_unload_unless_it_may_delete_them(
    tmp_path: Path, command: Command, version: Version
) -> None:
    with place(tmp_path, package(tmp_path), version=version) as parts:
        assert command("push", package(tmp_path, "extra").path).status == 0
        [revision] = [
            name
            for resource, name in parts.cluster.objects
            if resource == "configurationrevisions" and name.startswith("extra")
        ]
        store_api(parts.cluster, revision)
        parts.cluster.store(("xdatabases", "orders"), {"metadata": {"name": "orders"}})
        message = command("unload", "extra").message()
        problem = "unloading extra would delete the resources of their APIs: XDatabase orders"
        assert problem in message
        assert ("configurations", "extra") in parts.cluster.objects

        assert command("unload", "extra", "--delete-resources").status == 0
        remaining_names = {
            name for resource, name in parts.cluster.objects if resource in RESOURCES
        }
        assert "extra" not in remaining_names
        assert revision not in remaining_names
        assert "orders" not in remaining_names
        assert "xdatabases.acme.example.org" not in remaining_names
        assert "platform" in remaining_names
