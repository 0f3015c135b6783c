"""The programs that run in the node for as long as it lives, unless they are stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.cluster import namespaces, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.cluster.namespaces import Init

LAST = 5
"""Lines of its log that are quoted when a daemon ends."""


LAVISH = {"GOGC": "400"}
"""Lets Go programs take more memory before they collect garbage: time is what is short here."""


@dataclass
class Daemon:
    """A program of the node."""

    init: Init
    command: Sequence[str]
    log: Path
    """What it prints."""

    serves: Callable[[], bool]
    """Returns whether it does its work yet."""

    running: subprocess.Popen[bytes] | None = field(default=None, init=False)
    """The nsenter that waits for it."""

    @property
    def name(self) -> str:
        """The name of the program."""
        return self.log.stem

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.running:
            return
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                namespaces.entering(self.init, self.command),
                env=os.environ | LAVISH,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ready(self) -> None:
        """Return when it serves.

        Raises:
            ClusterError: It ended.
        """
        waiting.until(self.serves, f"{self.name} serves", broken=self.broken)

    def stop(self) -> None:
        """Terminate it, and return when it is gone; what it started may live on.

        Raises:
            ClusterError: It had ended by itself.
        """
        if not self.running:
            return
        running = self.running
        # nsenter passes no signal on.
        pid = namespaces.child(running, f"{self.name} is there")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        waiting.until(lambda: running.poll() is not None, f"{self.name} is gone")
        self.running = None

    def broken(self) -> str | None:
        """Return why it is not running, if it should be."""
        if not self.running or self.running.poll() is None:
            return None
        last = self.log.read_text(errors="replace").splitlines()[-LAST:]
        return "\n  ".join([f"{self.name} ended; {self.log} ends with:", *last])
