"""Starts, watches and stops the long-running programs of a node."""

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
"""The number of lines of its log to quote when a daemon ends."""

GO_ENVIRONMENT = {"GOGC": "400"}
"""Makes Go programs collect garbage less often, because time is scarcer than memory."""


@dataclass
class Daemon:
    """A program of the node."""

    init: Init
    command: Sequence[str]
    log: Path
    """The file of its output."""

    probe: Callable[[], bool]
    """Returns whether the daemon serves."""

    nsenter: subprocess.Popen[bytes] | None = field(default=None, init=False)
    """The nsenter that waits for the daemon, while it runs."""

    @property
    def name(self) -> str:
        """The name of the program."""
        return self.log.stem

    def start(self) -> None:
        """Start the daemon, unless it runs."""
        if self.nsenter:
            return
        with self.log.open("ab") as output:
            self.nsenter = subprocess.Popen(
                namespaces.nsenter(self.init, self.command),
                env=os.environ | GO_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ready(self) -> None:
        """Return when the daemon serves.

        Raises:
            ClusterError: The daemon ended.
        """
        waiting.until(self.probe, f"{self.name} serves", failure=self.failure)

    def stop(self) -> None:
        """Terminate the daemon and return when it is gone; its child processes may continue.

        Raises:
            ClusterError: The daemon had already ended.
        """
        if not self.nsenter:
            return
        nsenter = self.nsenter
        # nsenter passes no signal on.
        pid = namespaces.child(nsenter, f"{self.name} runs")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        waiting.until(lambda: nsenter.poll() is not None, f"{self.name} is gone")
        self.nsenter = None

    def failure(self) -> str | None:
        """Return the reason that the daemon has stopped unexpectedly, or None."""
        if not self.nsenter or self.nsenter.poll() is None:
            return None
        last = self.log.read_text(errors="replace").splitlines()[-LAST:]
        return "\n  ".join([f"{self.name} ended; {self.log} ends with:", *last])
