"""What people see on a terminal, and what nobody sees without one."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.shared.command import COMMAND
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def on_a_terminal(*arguments: str, columns: int = 80, **environment: str) -> str:
    """Run the command with stdout and stderr on a terminal, and return what it shows."""
    parent, child = os.openpty()
    shown = b""
    with subprocess.Popen(
        [str(COMMAND), *arguments],
        stdin=child,
        stdout=child,
        stderr=child,
        cwd=ROOT,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": str(columns)} | environment,
    ):
        os.close(child)
        # Read while it runs: a terminal holds little, and not every system keeps it to the end.
        with suppress(OSError):  # how Linux tells that nothing more will come
            while piece := os.read(parent, 65536):
                shown += piece
    os.close(parent)
    return shown.decode()


def plain(shown: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).split("\r\n")


CHECK = ("check", "-f", "examples/fleet.yaml", "--crossplane", "1.20")


def test_a_terminal_gets_colour_progress_and_lines_that_fit() -> None:
    shown = on_a_terminal(*CHECK)
    assert "\x1b[32mlocal" in shown
    assert "\x1b[33mwarning" in shown
    assert "packing the packages" in shown
    tables = plain(shown)[plain(shown).index("Sizes") :]
    assert max(map(len, tables)) <= 80
    assert "packages: 2, errors: 0, warnings: 1; for Crossplane 1.20" in tables


def test_no_color_is_kept_to() -> None:
    assert not re.search(r"\x1b\[3[0-9]m", on_a_terminal(*CHECK, NO_COLOR="1"))


def test_an_error_takes_progress_off_the_terminal(tmp_path: Path) -> None:
    shown = on_a_terminal("check", "-f", str(tmp_path / "nowhere"))
    assert shown.rstrip().endswith("for the filter, from that of helm")
    assert "\x1b[?25h" in shown, "the cursor is back"
    assert "crossplane-devcache: error: " in shown


def test_without_a_terminal_there_is_nothing_but_the_report() -> None:
    found = subprocess.run([COMMAND, *CHECK], cwd=ROOT, capture_output=True, check=True)
    assert found.stderr == b""
    assert b"\x1b" not in found.stdout
    assert all(not line.endswith(b" ") for line in found.stdout.splitlines())
