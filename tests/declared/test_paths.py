"""Package paths that start from the folder of the file that sets them."""

from __future__ import annotations

import os
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender import result_cache
from postrender.cli import main
from postrender.declared import paths
from postrender.installation import declaration
from postrender.interface import parser
from postrender.live import selection
from tests.shared import manifests
from tests.shared.declarations import HEAD
from tests.shared.package_files import META, directory

if TYPE_CHECKING:
    from tests.shared.command import Command

RENDERED = manifests.RENDERED.encode()
OPTION = "--relative-to-file"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the packages and the files; the working directory is another one."""
    directory(tmp_path / "platform", {"crossplane.yaml": META})
    network = META.replace(b"platform", b"network")
    directory(tmp_path / "deploy" / "packages" / "network", {"crossplane.yaml": network})
    spec = "{packages: {platform: {path: ../platform}, network: {path: packages/network}}}"
    (tmp_path / "deploy" / "devcache.yaml").write_text(f"{HEAD}spec: {spec}\n")
    (tmp_path / "deploy" / "values.yaml").write_text(f"devcache: {spec}\n")
    (tmp_path / "deploy" / "umbrella.yaml").write_text(
        f"crossplane-devcache: {{devcache: {spec}}}\n"
    )
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return tmp_path


@pytest.mark.parametrize(
    "call",
    [
        "--config=devcache.yaml",
        "check --config=devcache.yaml",
        "check -f values.yaml",
        "check -f umbrella.yaml",
        "digest -f values.yaml",
        "graph --config=devcache.yaml",
        "objects --config=devcache.yaml --crossplane=2.4",
        "payload -f apart.yaml -f values.yaml",
    ],
)
@pytest.mark.parametrize("form", ["absolute", "relative"])
def test_a_command_reads_the_packages_from_any_folder(
    command: Command, elsewhere: Path, call: str, form: str
) -> None:
    (elsewhere / "deploy" / "apart.yaml").write_text("devcache: {payload: apart}\n")
    folder = elsewhere / "deploy" if form == "absolute" else Path("../deploy")
    words = [
        word.replace(name, str(folder / name)) if name.endswith(".yaml") else word
        for word in call.split()
        for name in [word.rpartition("=")[2]]
    ]
    result = command(*words, OPTION, stdin=RENDERED)
    assert (result.status, result.stderr) == (main.DONE, "")
    assert result.stdout
    without = command(*words, stdin=RENDERED)
    assert without.status == (main.DONE if call.startswith("graph") else main.REFUSED)
    assert "no such file" in without.stdout + without.stderr


def test_a_path_starts_from_the_last_file_that_sets_it(elsewhere: Path) -> None:
    values = elsewhere / "deploy" / "values.yaml"
    own = elsewhere / "own.yaml"
    own.write_text(
        "devcache: {packages: {network: {path: deploy/packages/network},"
        " platform: {install: false}}}\n"
    )
    packages = selection.of_values([values, own], relative_to_file=True)
    assert {package.name: Path(package.path) for package in packages} == {
        "network": elsewhere / "deploy/packages/network",
        "platform": elsewhere / "deploy/../platform",
    }


def test_up_passes_paths_that_start_from_the_working_directory(elsewhere: Path) -> None:
    assert elsewhere.is_dir()
    values = declaration.read(
        [], [Path("../deploy/values.yaml")], result_cache.NO_CACHE, print, relative_to_file=True
    )
    packages = values.under("devcache").under("packages")
    assert packages.under("network").text("path") == "../deploy/packages/network"


def test_a_message_names_the_path_from_the_file(command: Command, elsewhere: Path) -> None:
    file = elsewhere / "values.yaml"
    file.write_text("devcache: {packages: {network: {path: ./nowhere}}}\n")
    result = command("digest", "-f", "../values.yaml", OPTION)
    assert "package network, ../nowhere: no such file" in result.message()


def test_add_writes_a_path_from_the_file(command: Command, elsewhere: Path) -> None:
    file = elsewhere / "deploy" / "values.yaml"
    file.write_text("devcache: {}\n")
    target = elsewhere / "link"
    target.symlink_to(elsewhere / "deploy" / "packages")
    for path in ("../link/network", elsewhere / "platform"):
        assert command("add", "-f", "../deploy/values.yaml", path, OPTION).status == main.DONE
    declared = yaml.safe_load(file.read_text())["devcache"]["packages"]
    assert declared["network"]["path"] == "packages/network"
    assert declared["platform"]["path"] == str(elsewhere / "platform")
    assert command("check", "-f", file, OPTION).status == main.DONE


@pytest.mark.parametrize("call", ["", "push", "push ./x", "watch", "status", "--config x crds"])
def test_the_option_needs_a_file_and_a_command_that_takes_it(command: Command, call: str) -> None:
    words = call.split()
    result = command(OPTION, *words) if call.startswith("-") else command(*words, OPTION)
    assert (result.status, result.stdout) == (main.USAGE, "")


@pytest.mark.parametrize("name", [*parser.names(), parser.FILTER])
def test_a_command_with_the_option_takes_it(name: str) -> None:
    root = parser.parser([name] if name != parser.FILTER else [])
    of_command = root.commands.get(name, root)
    parameters = signature(parser.load(name).run).parameters
    assert of_command.has_option(OPTION) == ("relative_to_file" in parameters)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"packages": None},
        {"packages": ["a"]},
        {"packages": {"a": None, "b": "c", "d": {"path": 1}, "e": {"path": ""}, "f": {}}},
    ],
)
def test_a_value_of_the_wrong_type_stays(spec: dict[str, None]) -> None:
    assert paths.from_folder(spec, Path("x")) == spec


def test_an_absolute_path_stays() -> None:
    path = os.sep
    spec = {"packages": {"a": {"path": path}}}
    assert paths.from_folder(spec, Path("x")) == spec
