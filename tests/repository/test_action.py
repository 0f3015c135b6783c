"""The steps of action.yaml run as on GitHub, with the command of this environment."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.shared import github_action
from tests.shared.command import COMMAND
from tests.shared.github_action import Job
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WRONG = "apiVersion: v1\nkind: Pod\n"
"""An object that no package may hold."""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A checkout with the examples."""
    folder = tmp_path / "a checkout"
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


def run(workspace: Path, **inputs: str) -> tuple[int, Job]:
    """Run the action without its installation, and return the exit status and the job."""
    temporary = workspace.parent / "temporary"
    temporary.mkdir()
    names = {name.replace("_", "-"): value for name, value in inputs.items()}
    job = Job(temporary, workspace, names)
    job.outputs["install"] = {"command": str(COMMAND)}
    return job.run("run"), job


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param({"values": "examples/values.yaml"}, id="values"),
        pytest.param({"values": "\n  examples/values.yaml\n\n"}, id="a-block-of-yaml"),
        pytest.param({"config": "examples/devcache.yaml"}, id="config"),
        pytest.param({"paths": "examples/platform\nexamples/network.xpkg"}, id="paths"),
        pytest.param(
            {"paths": "platform\nnetwork.xpkg", "working_directory": "examples"},
            id="working-directory",
        ),
    ],
)
def test_a_good_declaration_passes(workspace: Path, inputs: dict[str, str]) -> None:
    status, job = run(workspace, crossplane="2.4", **inputs)
    assert status == 0, job.log
    assert job.summary.startswith("### crossplane-devcache check: passed\n\n````````text\n")
    assert "packages: 2, errors: 0, warnings: 0; for Crossplane 2.4\n" in job.summary
    assert "\n````````mermaid\nflowchart TD\n" in job.summary
    report = job.output("report")
    with open(report) as file:  # noqa: PTH123  # an output is a text
        assert file.read() in job.log
    assert job.output("values").endswith("values.yaml") == ("paths" in inputs)


def test_a_wrong_package_fails_with_its_findings(workspace: Path) -> None:
    (workspace / "examples/platform/wrong.yaml").write_text(WRONG)
    status, job = run(workspace, values="examples/values.yaml")
    assert status == 1
    assert "check: failed" in job.summary
    assert "must not hold" in job.summary
    assert "must not hold" in job.log


@pytest.mark.parametrize("name", ["values", "paths"])
def test_a_failure_without_a_report_has_its_message(workspace: Path, name: str) -> None:
    status, job = run(workspace, **{name: "missing.yaml"})
    assert status == 1
    assert "crossplane-devcache: error: missing.yaml: " in job.summary
    assert "mermaid" not in job.summary


def test_without_a_summary(workspace: Path) -> None:
    status, job = run(workspace, values="examples/values.yaml", summary="false")
    assert (status, job.summary) == (0, "")


def test_up_gets_the_context_and_the_arguments(workspace: Path) -> None:
    arguments = "--dry-run\n--timeout\n 7 "
    status, job = run(workspace, command="up", paths="a", context="kind-ci", arguments=arguments)
    assert status == 1, "there is no package a"
    (workspace / "program").write_text('#!/bin/sh\nprintf "[%s]" "$@"\n')
    (workspace / "program").chmod(0o755)
    job.outputs["install"]["command"] = str(workspace / "program")
    assert job.run("run") == 0
    values = f"[--values={job.output('values')}]"
    assert f"[up]{values}[--context=kind-ci][--dry-run][--timeout][7]" in job.log


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        pytest.param({"command": "down"}, "neither check nor up", id="another-command"),
        pytest.param({}, "one of the inputs paths, values and config", id="no-declaration"),
        pytest.param({"paths": " \n "}, "one of the inputs paths", id="blank-lines"),
    ],
)
def test_wrong_inputs_are_refused(workspace: Path, inputs: dict[str, str], message: str) -> None:
    status, job = run(workspace, **inputs)
    assert status == 2
    assert job.log.startswith("::error title=crossplane-devcache::")
    assert message in job.log


@pytest.mark.parametrize("name", sorted(github_action.read()["inputs"].keys() - {"summary"}))
def test_no_input_is_a_script(workspace: Path, name: str) -> None:
    text = "$(touch stain)`touch stain`'; touch stain; '\"; touch stain; \""
    inputs = {"values": "examples/values.yaml", name: text}
    if name == "working-directory":
        (workspace / text).mkdir()
    status, job = run(workspace, **inputs)
    assert status != 0, job.log
    assert not list(workspace.parent.rglob("stain"))


def test_each_input_is_a_variable_and_has_a_description() -> None:
    action = github_action.read()
    [step] = [step for step in action["runs"]["steps"] if step["id"] == "run"]
    values = {*step["env"].values(), step["working-directory"]}
    assert {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]} <= values
    documented = (ROOT / "docs/ci.md").read_text()
    for name, declared in (action["inputs"] | action["outputs"]).items():
        assert declared["description"].endswith("."), name
        assert f"| `{name}` |" in documented, name
