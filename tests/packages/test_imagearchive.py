"""Tests of the archive of an embedded runtime: all programs for images read it, at any size."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from postrender import packages
from postrender.errors import DevcacheError
from postrender.packages import imagearchive
from tests.shared.package_files import packed, tar, with_runtime

if TYPE_CHECKING:
    from pathlib import Path

NAME = "xpkg.devcache.local/zones:0123456789ab"


def image_digest(path: Path) -> str:
    runtime = packages.read(path).runtime
    assert runtime
    return runtime.digest


def written(path: Path) -> bytes:
    with imagearchive.open_archive(path, NAME, image_digest(path)) as archive:
        return b"".join(archive)


def test_an_archive_has_the_name_and_the_layers_as_they_are_stored(tmp_path: Path) -> None:
    path = with_runtime(tmp_path / "a.xpkg")
    with tarfile.open(fileobj=io.BytesIO(written(path))) as archive:
        members = {name: archive.extractfile(name) for name in archive.getnames()}
        contents = {name: file.read() for name, file in members.items() if file}
    [manifest] = json.loads(contents["manifest.json"])
    assert manifest["RepoTags"] == [NAME]
    runtime, package = (contents[name] for name in manifest["Layers"])
    assert runtime == packed(tar({"program": b"#!/bin/sh"}))
    assert b"Function" in tarfile_of(package)
    config = json.loads(contents[manifest["Config"]])
    assert config["config"]["Entrypoint"] == ["/program"]
    assert manifest["Config"] == f"{image_digest(path).removeprefix('sha256:')}.json"


def tarfile_of(layer: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        file = archive.extractfile("package.yaml")
        assert file
        return file.read()


def test_an_archive_is_a_package_with_the_same_content_and_runtime(tmp_path: Path) -> None:
    path = with_runtime(tmp_path / "a.xpkg")
    copy = tmp_path / "b.xpkg"
    copy.write_bytes(written(path))
    first, second = packages.read(path), packages.read(copy)
    assert (first.runtime, first.package_yaml.digest) == (
        second.runtime,
        second.package_yaml.digest,
    )
    assert written(copy) == written(path), "the same bytes for the same image"


def test_a_file_that_has_changed_since_is_refused(tmp_path: Path) -> None:
    path = with_runtime(tmp_path / "a.xpkg")
    before = image_digest(path)
    with_runtime(path, b"another")
    archive = imagearchive.open_archive(path, NAME, before)
    with pytest.raises(DevcacheError, match="was changed while it was read"), archive:
        pass
