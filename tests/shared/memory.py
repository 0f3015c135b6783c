"""The memory that a package takes, measured in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def peak_of_reading(path: Path, expectation: str) -> int:
    """Read a package in a process of its own, and return the peak of its memory in KiB.

    Args:
        path: The package.
        expectation: An expression that must be true of the variable `package`.
    """
    script = (
        "import pathlib, sys\n"
        "from postrender import packages\n"
        "package = packages.read(pathlib.Path(sys.argv[1]))\n"
        f"assert {expectation}\n"
        "print(pathlib.Path('/proc/self/status').read_text())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, path], check=True, capture_output=True, text=True
    )
    # Not getrusage: its peak includes the peak of the parent, which is pytest.
    peak = re.search(r"VmHWM:\s*(\d+) kB", run.stdout)
    assert peak is not None
    return int(peak[1])
