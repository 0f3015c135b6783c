"""Every argument of every command with a hostile value: one clear message, never a defect."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.cli import main
from postrender.interface import parser
from tests.shared import api_http, manifests
from tests.shared.declarations import config_option
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command

RENDERED = manifests.RENDERED.encode()

LATIN = os.fsdecode(b"caf\xe9")
"""A name in Latin 1, which is not UTF-8."""

VALUES = {
    "not UTF-8": LATIN,
    "too long for a name": "x" * 300,
    "too long for a path": "a" * 100_000,
    "5,000 digits": "9" * 5000,
    "a link to itself": "loop",
    "a directory with names that are not UTF-8": "latin",
    "nothing": "",
    "control characters and line breaks": "a\x1b[2J\nerror: b\u2028\x85",
}

CALLS = """
--config=X
--X
X
check --config=X
check -f X
check --config=devcache.yaml --crossplane=X
inspect X
inspect -o json X
inspect network --package=X
inspect network --crossplane=X
init X
init network -f X
add X -f add.yaml
add network -f X
add network -f add.yaml --name=X
add network -f add.yaml --package=X
add network -f add.yaml --runtime-image=X
payload -f X
payload --config=devcache.yaml --namespace=X
payload --config=devcache.yaml --prune --namespace=X
explain X --crossplane=2.4
explain a.example.org/b:v1 --crossplane=X
explain a.example.org/b --crossplane=2.4 --path=X
crds --crossplane=X
completion X
plugin-dir X
objects --config=X --crossplane=2.4
objects --config=devcache.yaml --crossplane=2.4 --release=X --namespace=x
push X
push -f X
push --namespace=X
push --context=X
push --timeout=X
watch X
watch -f X
status -f X
unload X
""".strip().splitlines()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory of the calls, with a kubeconfig of no reachable cluster."""
    network = GOLDEN / "packages" / "network"
    shutil.copytree(network, tmp_path / "network")
    shutil.copytree(network, tmp_path / LATIN)
    shutil.copytree(network, tmp_path / "latin")
    shutil.copy(network / "apis" / "definition.yaml", tmp_path / "latin" / f"{LATIN}.yaml")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "add.yaml").write_text("devcache: {}\n")
    config_option(tmp_path, "{payload: apart, packages: {network: {path: network}}}")
    kubeconfig = api_http.kubeconfig("http://127.0.0.1:1", "first")
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    monkeypatch.setenv("KUBECONFIG", "kubeconfig")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("call", CALLS)
def test_a_hostile_argument_has_one_clear_message(command: Command, call: str) -> None:
    for value in VALUES.values():
        outcome = command(*(word.replace("X", value) for word in call.split()), stdin=RENDERED)
        assert outcome.status in {main.DONE, main.REFUSED, main.USAGE}, outcome.stderr
        if outcome.stderr:
            message = outcome.message(outcome.status)
            assert all(character.isprintable() or character == "\n" for character in message)
            lines = message.splitlines()
            assert max(map(len, lines)) < 2100
            if outcome.status == main.REFUSED:
                assert [line[:6] for line in lines[1:]] in ([], ["hint: "])


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        pytest.param("inspect X", main.DONE, "", id="a path that is only read"),
        pytest.param("init X", main.REFUSED, "not UTF-8, so no YAML file", id="a path to declare"),
        pytest.param("add X -f add.yaml", main.REFUSED, "not UTF-8", id="a path to declare, too"),
        pytest.param(
            "payload --config=devcache.yaml -n X",
            main.USAGE,
            r'payload: an argument is not UTF-8: "caf\udce9"',
            id="a name",
        ),
        pytest.param(
            "add network -f add.yaml --runtime-image=X",
            main.USAGE,
            "add: an argument is not UTF-8",
            id="an image",
        ),
    ],
)
def test_an_argument_that_is_not_utf8_is_refused_where_it_must_be_text(
    command: Command, folder: Path, call: str, status: int, message: str
) -> None:
    outcome = command(*(word.replace("X", LATIN) for word in call.split()))
    assert outcome.status == status, outcome.stderr
    assert message in outcome.stderr
    assert (folder / "add.yaml").read_text() == "devcache: {}\n"


@pytest.mark.parametrize("name", [*parser.names(), parser.FILTER])
def test_the_example_of_a_command_is_a_valid_call_of_it(name: str) -> None:
    example = parser.load(name).example
    call = re.split("[|<>]", example)[0].split()
    command, _ = parser.parse(call)
    assert command == parser.load(name)


def test_the_help_of_a_command_has_its_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["push", "--help"]) == 0
    assert "example:\n  crossplane-devcache push ./platform\n" in capsys.readouterr().out
