"""Runs the steps of a composite action of GitHub as its runner does, in a scratch folder."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NotRequired, TypedDict

import yaml

from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")

_BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
"""The command of `shell: bash`, before the file of the script."""

_Step = TypedDict(
    "_Step",
    {
        "id": str,
        "run": str,
        "shell": str,
        "env": dict[str, str],
        "working-directory": NotRequired[str],
    },
)


class _Runs(TypedDict):
    steps: list[_Step]


class Action(TypedDict):
    """The fields of action.yaml that the runner reads."""

    inputs: dict[str, dict[str, str]]
    outputs: dict[str, dict[str, str]]
    runs: _Runs


@dataclass
class Job:
    """A job with the action as a step.

    Attributes:
        folder: The folder for temporary files.
        workspace: The working directory of the job.
        inputs: The inputs of the step.
        outputs: The outputs of each step of the action, by its id.
        log: The output of the steps.
    """

    folder: Path
    workspace: Path
    inputs: Mapping[str, str]
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    log: str = ""

    def run(self, step_id: str, **environment: str) -> int:
        """Run a step of the action, and return its exit status."""
        [step] = [step for step in read()["runs"]["steps"] if step["id"] == step_id]
        assert step["shell"] == "bash"
        assert not _EXPRESSION.search(step["run"]), "an input could change the script"
        script = self.folder / f"{step_id}.sh"
        script.write_text(step["run"])
        commands = self.folder / f"{step_id}-output"
        commands.touch()
        run = subprocess.run(
            [*_BASH, script],
            cwd=self.workspace / self._value(step.get("working-directory", ".")),
            env={
                **os.environ,
                **environment,
                **{name: self._value(value) for name, value in step["env"].items()},
                "RUNNER_TEMP": str(self.folder),
                "GITHUB_OUTPUT": str(commands),
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        self.log += run.stdout
        pairs = (line.split("=", 1) for line in commands.read_text().splitlines())
        self.outputs[step_id] = dict(pairs)
        return run.returncode

    @property
    def summary(self) -> str:
        """The job summary."""
        file = self.folder / "summary.md"
        return file.read_text() if file.exists() else ""

    def output(self, name: str) -> str:
        """Return an output of the action."""
        return self._value(read()["outputs"][name]["value"])

    def _value(self, text: str) -> str:
        return _EXPRESSION.sub(lambda match: self._evaluate(match[1]), text)

    def _evaluate(self, expression: str) -> str:
        """Return the value of an expression: a context, and the names of properties."""
        match expression.split("."):
            case ["github", "action_path"]:
                return str(ROOT)
            case ["inputs", name]:
                declared = read()["inputs"][name]
                return self.inputs.get(name, declared["default"])
            case ["steps", step, "outputs", name]:
                return self.outputs.get(step, {}).get(name, "")
            case _:
                msg = f"the runner would know {expression}, but this module does not"
                raise AssertionError(msg)


def read() -> Action:
    """Return the action of this repository."""
    action: Action = yaml.safe_load((ROOT / "action.yaml").read_text())
    return action
