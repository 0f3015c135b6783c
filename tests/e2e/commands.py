"""Programs that the scenarios run as a user does: helm, kubectl, crossplane-devcache."""

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
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


class CommandError(AssertionError):
    """A command failed that should not have."""


@dataclass(frozen=True)
class Program:
    """A program with the environment that it runs in."""

    path: str
    environment: Mapping[str, str]

    def ended(self, *arguments: str | Path, stdin: str = "") -> Ended:
        """Run it in the repository's root, and return how it ended."""
        run = subprocess.run(
            [self.path, *arguments],
            cwd=ROOT,
            env={**os.environ, **GO_ENVIRONMENT, "PATH": SEARCH_PATH, **self.environment},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return Ended(run.returncode, run.stdout, run.stderr)

    def __call__(self, *arguments: str | Path, stdin: str = "") -> str:
        """Run it, and return what it prints.

        Raises:
            CommandError: It fails; with what it said.
        """
        ended = self.ended(*arguments, stdin=stdin)
        if ended.status != 0:
            shown = shlex.join([Path(self.path).name, *map(str, arguments)])
            msg = f"{shown} ended with status {ended.status}\n{ended.stdout}\n{ended.stderr}"
            raise CommandError(msg)
        return ended.stdout

    def told(self, *arguments: str | Path, stdin: str = "") -> str:
        """Run it like a call, and show the command to the reader."""
        log.info("%s", shlex.join([Path(self.path).name, *map(str, arguments)]))
        return self(*arguments, stdin=stdin)
