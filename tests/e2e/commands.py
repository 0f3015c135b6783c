"""Runs the programs that a user runs: helm, kubectl and crossplane-devcache."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.daemons import GO_ENVIRONMENT
from tests.shared.paths import ROOT
from tests.shared.programs import SEARCH_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CommandResult:
    """The exit status and the output of a command."""

    status: int
    stdout: str
    stderr: str


class CommandError(AssertionError):
    """A command failed unexpectedly."""


@dataclass(frozen=True)
class Program:
    """A program with its environment."""

    path: str
    environment: Mapping[str, str]

    def run(self, *arguments: str | Path, stdin: str = "") -> CommandResult:
        """Run the program in the root of the repository, and return the result."""
        run = subprocess.run(
            [self.path, *arguments],
            cwd=ROOT,
            env={**os.environ, **GO_ENVIRONMENT, "PATH": SEARCH_PATH, **self.environment},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return CommandResult(run.returncode, run.stdout, run.stderr)

    def __call__(self, *arguments: str | Path, stdin: str = "") -> str:
        """Run the program, and return its standard output.

        Raises:
            CommandError: The program fails; the message has its output.
        """
        result = self.run(*arguments, stdin=stdin)
        if result.status != 0:
            command = shlex.join([Path(self.path).name, *map(str, arguments)])
            msg = f"{command} ended with status {result.status}\n{result.stdout}\n{result.stderr}"
            raise CommandError(msg)
        return result.stdout

    def run_logged(self, *arguments: str | Path, stdin: str = "") -> str:
        """Log the command, run the program, and return its standard output.

        Raises:
            CommandError: The program fails; the message has its output.
        """
        log.info("%s", shlex.join([Path(self.path).name, *map(str, arguments)]))
        return self(*arguments, stdin=stdin)
