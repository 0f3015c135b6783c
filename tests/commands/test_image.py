"""Tests of `image`: the archive of a runtime on stdout, and refusals before any output."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.cli import main
from tests.shared import api_http
from tests.shared.api_server import ApiServer
from tests.shared.command import COMMAND
from tests.shared.memory import peak_of_command
from tests.shared.package_files import Image, directory, with_large_runtime, with_runtime

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command


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


def test_a_load_reports_each_image(command: Command, tmp_path: Path) -> None:
    path = with_runtime(tmp_path / "a.xpkg")
    with api_http.current_context(ApiServer().answer, tmp_path):
        loader = f"--loader=sh -c 'cat >{tmp_path / 'archive'}'"
        run = command("image", "load", path, loader, "--output=json")
    [entry] = run.json("image")["images"]
    assert (entry["name"], entry["state"]) == ("zones", "loaded")
    assert str(entry["image"]).encode() in (tmp_path / "archive").read_bytes()


LARGE = 500 << 20
"""The size of a runtime in bytes."""

MEMORY = 100 << 10
"""The memory in KiB that is enough for a runtime of any size."""


@pytest.mark.linux  # /proc
def test_a_large_archive_takes_little_memory(tmp_path: Path) -> None:
    path, size = with_large_runtime(tmp_path / "large.xpkg", LARGE), tmp_path / "size"
    loader = f"--loader=sh -c 'wc -c >{size}'"
    with api_http.current_context(ApiServer().answer, tmp_path):
        assert peak_of_command("image", "load", path, loader) < MEMORY
    assert int(size.read_text()) > LARGE
    assert peak_of_command("image", path) < MEMORY


def test_init_and_add_propose_the_runtime_in_a_file(command: Command, tmp_path: Path) -> None:
    path, values = with_runtime(tmp_path / "a.xpkg"), tmp_path / "values.yaml"
    proposed = yaml.safe_load(command("init", path).stdout)
    assert proposed["devcache"]["packages"]["zones"]["runtimeImage"] == "embedded"
    values.write_text("devcache:\n  packages: {}\n")
    assert command("add", "-f", values, path).status == 0
    added = yaml.safe_load(values.read_text())
    assert added["devcache"]["packages"]["zones"]["runtimeImage"] == "embedded"
    findings = command("check", "-f", values, "--crossplane=2.4").stdout
    assert "image load" in findings
    assert "errors: 0" in findings


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
