"""Tests of `image`: the archive of a runtime on stdout, and refusals before any output."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from postrender.cli import main
from tests.shared.command import COMMAND
from tests.shared.package_files import Image, directory, with_runtime

if TYPE_CHECKING:
    from pathlib import Path


def test_the_archive_is_on_stdout_under_the_name_of_the_package(tmp_path: Path) -> None:
    path = with_runtime(tmp_path / "a.xpkg")
    run = subprocess.run([COMMAND, "image", path, "--name=zones"], check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(run.stdout)) as archive:
        file = archive.extractfile("manifest.json")
        assert file
        [manifest] = json.load(file)
    [name] = manifest["RepoTags"]
    assert name == f"xpkg.devcache.local/zones:{manifest['Config'][:12]}"


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        pytest.param(
            lambda folder: directory(folder / "a", {}),
            "a Configuration runs nothing",
            id="a-configuration",
        ),
        pytest.param(
            lambda folder: Image().write(folder), "a Configuration runs nothing", id="an-xpkg"
        ),
        pytest.param(
            lambda folder: directory(
                folder / "f",
                {
                    "crossplane.yaml": b"apiVersion: meta.pkg.crossplane.io/v1\nkind: Function\n"
                    b"metadata:\n  name: zones\n"
                },
            ),
            "the package has no runtime",
            id="a-function-without-a-runtime",
        ),
        pytest.param(lambda folder: folder / "nowhere", "no such file", id="no-file"),
    ],
)
def test_a_package_without_a_runtime_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: object, problem: str
) -> None:
    assert callable(make)
    assert main.main(["image", str(make(tmp_path))]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert problem in output.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["image"], "a path is required"),
        (["image", "load"], "a path is required"),
        (["image", "a", "b"], "takes one path"),
        (["image", "a", "--loader=b"], "takes one path"),
    ],
)
def test_wrong_usage_is_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main.main(arguments) == 2
    assert message in capsys.readouterr().err
