"""The installed command, run as a process."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.shared.command import COMMAND
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path


def run(
    *arguments: str, stdin: bytes = b"", cwd: Path = GOLDEN, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process, by default in the folder of the golden cases."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HELM_")}
    return subprocess.run(
        [str(COMMAND), *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=clean | environment,
        check=False,
    )


def refusal(run: subprocess.CompletedProcess[bytes], status: int = 1) -> str:
    """Return the message of a refusal, after a check that there is no other output."""
    message = run.stderr.decode()
    assert (run.returncode, run.stdout) == (status, b""), message
    assert message.startswith("crossplane-devcache: error: ")
    assert "Traceback" not in message
    return message
