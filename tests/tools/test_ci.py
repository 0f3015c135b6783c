"""The action and the pre-commit hook install the command from PyPI's packages, as for a user."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

import postrender
from tests.shared.github_action import Job
from tests.shared.paths import ROOT
from tests.shared.programs import SEARCH_PATH

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.programs import Plain

PARTS = ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", ".pre-commit-hooks.yaml")
"""The files, beside the folder postrender, that an installation of the hook reads."""


def test_the_action_installs_the_command(tmp_path: Path) -> None:
    job = Job(tmp_path, ROOT, {"values": "examples/values.yaml"})
    assert job.run("install") == 0, job.log
    command = (job.output("command"), "--version")
    assert subprocess.check_output(command, text=True) == f"{postrender.__version__}\n"
    assert job.run("run") == 0, job.log


class PreCommit:
    """A repository of a user with pre-commit, and a repository with the hook."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            **os.environ,
            "PATH": SEARCH_PATH,
            "PRE_COMMIT_HOME": str(folder / "home"),
            "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
        }
        self.hooks, self.folder = folder / "hooks", folder / "repository"
        shutil.copytree(
            ROOT / "postrender",
            self.hooks / "postrender",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        for name in PARTS:
            shutil.copy(ROOT / name, self.hooks)
        shutil.copytree(ROOT / "examples", self.folder / "examples")
        self.commit(self.hooks)

    def commit(self, repository: Path) -> None:
        self.git(repository, "init", "--quiet")
        self.git(repository, "add", ".")
        identity = ("-c", "user.name=Jane", "-c", "user.email=jane@example.org")
        self.git(repository, *identity, "commit", "--quiet", "--message=Begin")

    def git(self, repository: Path, *arguments: str) -> str:
        command = ("git", "-C", str(repository), *arguments)
        return subprocess.check_output(command, env=self.environment, text=True)

    def run(self, *hooks: Plain) -> tuple[int, str]:
        """Configure these hooks, run them on all files, and return the status and the output."""
        repo: Plain = {
            "repo": str(self.hooks),
            "rev": self.git(self.hooks, "rev-parse", "HEAD").strip(),
            "hooks": list(hooks),
        }
        (self.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [repo]}))
        self.git(self.folder, "init", "--quiet")
        self.git(self.folder, "add", ".")
        run = subprocess.run(
            ["pre-commit", "run", "--all-files", "--color=never"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return run.returncode, run.stdout


@pytest.mark.linux  # only CI on Linux installs pre-commit
def test_the_hook_of_pre_commit(tmp_path: Path) -> None:
    pre_commit = PreCommit(tmp_path)
    hook: dict[str, Plain] = {"id": "crossplane-devcache-check"}
    shutil.copy(ROOT / "examples/values.yaml", pre_commit.folder)
    config: Plain = {**hook, "args": ["--config=examples/devcache.yaml", "--crossplane=1.20"]}
    status, output = pre_commit.run(hook, config)
    assert status == 0, output
    assert output.count("Passed\n") == 2, output

    (pre_commit.folder / "examples/platform/wrong.yaml").write_text("apiVersion: v1\nkind: Pod\n")
    status, output = pre_commit.run(hook)
    assert status == 1, output
    assert "Failed\n" in output
    assert "must not hold" in output
