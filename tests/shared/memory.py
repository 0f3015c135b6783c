"""The memory that a package takes, measured in a separate process."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_STATUS = "import pathlib, sys\nsys.stderr.write(pathlib.Path('/proc/self/status').read_text())\n"


def peak_of_reading(path: Path, expectation: str) -> int:
    """Read a package in a separate process, and return the peak of its memory in KiB.

    Args:
        path: The package.
        expectation: An expression that must be true of the variable `package`.
    """
    script = (
        "import pathlib, sys\n"
        "from postrender import packages\n"
        "package = packages.read(pathlib.Path(sys.argv[1]))\n"
        f"assert {expectation}\n"
    )
    return _peak(script, path)


def peak_of_command(*arguments: str | Path) -> int:
    """Run our command in a separate process, and return the peak of its memory in KiB.

    Args:
        arguments: The arguments of a command that succeeds.
    """
    script = "import sys\nfrom postrender.cli import main\nassert main.main(sys.argv[1:]) == 0\n"
    return _peak(script, *arguments)


def _peak(script: str, *arguments: str | Path) -> int:
    """Run a script in a separate process, and return the peak of its memory in KiB."""
    run = subprocess.run(
        [sys.executable, "-c", script + _STATUS, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    # Not getrusage: its peak includes the peak of the parent, which is pytest.
    peak = re.search(r"VmHWM:\s*(\d+) kB", run.stderr)
    assert peak is not None
    return int(peak[1])
