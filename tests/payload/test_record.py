"""The record of a live release in its ConfigMap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postrender import placement
from postrender.crossplane.target import Target
from postrender.crossplane.versions import Version
from postrender.declared import devcache
from postrender.payload import record
from tests.shared.declarations import HEAD
from tests.shared.package_files import META, directory

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.placement import LocalPackage

VERSION = Version(2, 4)


def local_package(folder: Path, content: bytes = META, declaration: str = "") -> LocalPackage:
    """Return the package `aa` with this content and these further declared fields."""
    directory(folder / "aa", {"crossplane.yaml": content})
    text = f"{HEAD}spec: {{packages: {{aa: {{path: aa{declaration}}}}}}}\n"
    packages = devcache.load(text, where="").packages
    (package,) = placement.place(packages, Target.of(VERSION, where=""), folder)
    return package


def test_the_record_of_a_release_reads_back_with_its_own_contents(tmp_path: Path) -> None:
    package = local_package(tmp_path)
    release = record.of_release([package], VERSION, "7")
    assert record.parse(release.text, where="") == release
    assert release.packages["aa"].released == release.packages["aa"].content == package.content
    assert release.packages["aa"].cache_key == package.cache_key


def test_a_renewed_record_changes_only_the_content(tmp_path: Path) -> None:
    before = record.recorded(local_package(tmp_path), released="")
    changed = local_package(tmp_path, META + b"# changed\n")
    after = before.renewed(changed)
    assert (after.digest, after.content, after.file) == (
        changed.digest,
        changed.content,
        changed.cache_key,
    )
    assert after.content != before.content
    assert after._replace(digest=before.digest, content=before.content, file=before.file) == before


@pytest.mark.parametrize(
    "declaration", [", install: false", ", ignore: [x]", ", spec: {revisionHistoryLimit: 1}"]
)
def test_the_settings_change_with_each_declared_field(tmp_path: Path, declaration: str) -> None:
    package = local_package(tmp_path, declaration=declaration)
    assert record.settings(package.declaration) != record.settings(
        local_package(tmp_path).declaration
    )
