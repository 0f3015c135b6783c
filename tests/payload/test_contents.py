"""The contents of the release's ConfigMap: packed packages, their index and the copier's script."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import pytest

from postrender import placement
from postrender.crossplane.target import Target
from postrender.crossplane.versions import Version
from postrender.declared import devcache
from postrender.packages import PackageYaml
from postrender.payload import compression, contents, external
from tests.shared.package_files import META, XRD, Image, directory

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.placement import LocalPackage


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    directory(tmp_path / "aa", {})
    Image().write(tmp_path)
    return tmp_path


def local_packages(folder: Path, *names: str) -> tuple[LocalPackage, ...]:
    """Return the packages of these names in `folder`, for Crossplane 1.20."""
    text = "apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nspec: {packages: {"
    text += ", ".join(f"{name.partition('.')[0]}: {{path: {name}}}" for name in names) + "}}\n"
    target = Target.of(Version(1, 20), where="")
    return placement.place(devcache.load(text, where="").packages, target, folder)


def test_the_index_maps_packed_files_to_cache_files(folder: Path) -> None:
    stream = META + b"---\n" + XRD
    both = compression.packed([PackageYaml.of(META), PackageYaml.of(stream)])
    packed = dict(zip(("aa.xz", "package.xz"), both, strict=True))
    root = "xpkg.devcache.local"
    assert contents.of_release(local_packages(folder, "aa", "package.xpkg")).fields == {
        "data": {
            "copier.sh": contents.script(),
            "index": (
                f"{sha256(packed['aa.xz'])} {sha256(META)} aa.xz {root}/aa:v0.0.gz\n"
                f"{sha256(packed['package.xz'])} {sha256(stream)}"
                f" package.xz {root}/package:v0.0.gz\n"
            ),
        },
        "binaryData": {
            name: base64.b64encode(content).decode() for name, content in packed.items()
        },
    }


def test_without_packages_the_contents_are_the_script_and_an_empty_index() -> None:
    assert contents.of_release(()).fields == {"data": {"copier.sh": contents.script(), "index": ""}}


def test_the_script_is_the_file_in_ascii() -> None:
    assert contents.script().startswith("#!/bin/sh\n# copier.sh MOUNT CACHE [watch]: ")
    assert contents.script().isascii()


def test_the_checksum_covers_contents_paths_and_script(folder: Path) -> None:
    lines = f"{sha256(META)} xpkg.devcache.local/aa:v0.0.gz\n"
    assert contents.checksum(local_packages(folder, "aa")) == sha256(
        (lines + contents.script()).encode()
    )
    assert contents.checksum(()) == sha256(contents.script().encode())


def test_the_index_names_all_parts_in_other_config_maps(folder: Path) -> None:
    parts = (external.Part("aa.xz.1", b"one"), external.Part("aa.xz.2", b"two"))
    fields = contents.of_release(local_packages(folder, "aa"), {"aa": parts}).fields
    line = f"{sha256(b'onetwo')} {sha256(META)} aa.xz.1,aa.xz.2 xpkg.devcache.local/aa:v0.0.gz\n"
    assert fields == {"data": {"copier.sh": contents.script(), "index": line}}
