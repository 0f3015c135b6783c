"""The programs that run in the node for as long as it lives."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cluster import namespaces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.cluster.namespaces import Process

LAST = 5
"""Lines of its log that are quoted when a daemon ends."""


@dataclass(frozen=True)
class Daemon:
    """A program that was started in the node."""

    name: str
    running: subprocess.Popen[bytes]
    log: Path

    def broken(self) -> str | None:
        """Return why it is not running, if it is not."""
        if self.running.poll() is None:
            return None
        last = self.log.read_text(errors="replace").splitlines()[-LAST:]
        return "\n  ".join([f"{self.name} ended; {self.log} ends with:", *last])


def start(first: Process, logs: Path, command: Sequence[str]) -> Daemon:
    """Start a program in the node; what it prints goes to `<logs>/<its name>.log`."""
    name = command[0].rpartition("/")[2]
    log = logs / f"{name}.log"
    with log.open("ab") as output:
        running = subprocess.Popen(
            namespaces.entering(first, command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Daemon(name, running, log)
