"""The command as a user runs it: exit status, stdout whole or empty, one clear message.

Tables run in this process. Tests of the environment or of file descriptors start a process.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.cli import main
from tests.shared import manifests
from tests.shared.command import COMMAND
from tests.shared.declarations import config_option
from tests.shared.installed_command import refusal, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command

RENDERED = manifests.RENDERED.encode()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--confg=x"], 'there is no option "--confg=x"; did you mean --config?'),
        (["-x"], 'there is no option "-x"\n'),
        (["-f", "values.yaml"], "did you mean `crossplane-devcache check -f`?"),
        (["-n", "x", "watch"], "did you mean `crossplane-devcache watch -n`?"),
        (["--runtime-image=x"], "did you mean `crossplane-devcache add --runtime-image`?"),
        (["--config"], "expected one argument"),
        (["crds"], "--crossplane"),
        (["check", "x"], "it reads the packages that -f FILE declares"),
        (["chek", "-f", "x"], 'there is no command "chek"; did you mean check?'),
        (["--config=x", "chek"], 'there is no command "chek"; did you mean check?'),
        (["--config", "x", "chek"], 'there is no command "chek"; did you mean check?'),
        (["nonsense"], 'there is no command "nonsense"; the commands are add, check, '),
        (["check", "--crosplane=2.4"], "--crosplane=2.4; did you mean --crossplane?"),
        (["push", "-x"], "unrecognized arguments: -x\nusage: crossplane-devcache push"),
        (["objects", "--crossplane=2.4"], "objects: --config FILE is required"),
        (["payload"], "payload: -f FILE or --config FILE is required"),
        (["payload", "--config=x", "--crossplane=2.4"], "unrecognized arguments: --crossplane"),
        (["--config=x", "crds", "--crossplane=2.4"], "crds: does not take --config"),
        (
            ["objects", "--config=x", "--crossplane=2.4", "--release=x"],
            "--release and --namespace require each other",
        ),
    ],
)
def test_a_wrong_command_line_is_status_2(
    golden_command: Command, arguments: list[str], message: str
) -> None:
    assert message in golden_command(*arguments).message(status=2)


def test_an_unreadable_config_is_refused(tmp_path: Path) -> None:
    missing = refusal(run(f"--config={tmp_path}/none.yaml", stdin=RENDERED))
    assert re.search("none.yaml: no such file or directory\nhint: .* current directory", missing)
    assert "is a directory" in refusal(run(f"--config={tmp_path}", stdin=RENDERED)).lower()


def test_under_helm_4_the_message_is_a_document_that_helm_refuses_to_parse(
    tmp_path: Path,
) -> None:
    spec = '{packages: {network: {path: "no\\u2028where\\u0085\\e[2J"}}}'
    outcome = run(
        config_option(tmp_path, spec), stdin=RENDERED, HELM_PLUGIN_NAME="crossplane-devcache"
    )
    assert (outcome.returncode, outcome.stderr) == (0, b"")
    document = yaml.safe_load(outcome.stdout)
    assert isinstance(document, str)
    assert document.startswith("crossplane-devcache: error: ")
    assert "hint: " in document
    assert r"no\u2028where\x85\x1b[2J" in document
    other = run(config_option(tmp_path, spec), stdin=RENDERED, HELM_PLUGIN_NAME="diff")
    refusal(other)


def test_the_version_is_printed() -> None:
    outcome = run("--version")
    assert (outcome.returncode, outcome.stderr) == (0, b"")
    assert re.fullmatch(rb"\d+\.\d+\.\d+\n", outcome.stdout)


def test_config_may_precede_the_command(golden_command: Command) -> None:
    outcome = golden_command("--config=devcache.yaml", "objects", "--crossplane=2.4")
    assert outcome.status == main.DONE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((), "reads rendered manifests from stdin: helm", id="filter"),
        pytest.param(
            ("payload", "--config=x", "--prune"),
            "reads a list from stdin: kubectl get configmaps,deployments,replicasets,pods",
            id="payload---prune",
        ),
    ],
)
def test_stdin_that_is_a_terminal_is_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    parent, child = os.openpty()
    outcome = subprocess.run(
        [str(COMMAND), *arguments], stdin=child, capture_output=True, check=False
    )
    os.close(parent)
    os.close(child)
    assert message in refusal(outcome, status=2)
