"""The output on a terminal, and without one."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from postrender.cli import display
from postrender.interface.report import Report, Table
from tests.shared.command import COMMAND
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def on_a_terminal(*arguments: str, columns: int = 80, **environment: str) -> str:
    """Run the command with stdout and stderr on a terminal, and return the output."""
    parent, child = os.openpty()
    output = b""
    with subprocess.Popen(
        [str(COMMAND), *arguments],
        stdin=child,
        stdout=child,
        stderr=child,
        cwd=ROOT,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": str(columns)} | environment,
    ):
        os.close(child)
        # Read during the run: a terminal buffers little, and some systems drop it at the end.
        with suppress(OSError):  # Linux reports the end of the output as an error
            while piece := os.read(parent, 65536):
                output += piece
    os.close(parent)
    return output.decode()


def plain(output: str) -> list[str]:
    """Return the lines of the output without escape sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output).split("\r\n")


CHECK = ("check", "-f", "examples/fleet.yaml", "--crossplane", "1.20")


def test_a_terminal_shows_colours_progress_and_lines_that_fit() -> None:
    output = on_a_terminal(*CHECK)
    assert "\x1b[32mlocal" in output
    assert "\x1b[33mwarning" in output
    assert re.search("packing the packages|validating fleet", output)
    tables = plain(output)[plain(output).index("Sizes") :]
    assert max(map(len, tables)) <= 80
    assert "packages: 2, errors: 0, warnings: 1; for Crossplane 1.20" in tables


def test_a_long_cell_does_not_make_a_table_wide() -> None:
    """A table pads each row to its widest cell, and a package can have thousands of long names."""
    rows = (("x" * 10_000, "y" * 1000), ("x", "y"))
    table = display.as_text(Report(None, (Table("T", ("A", "B"), rows),)), terminal=False)
    _, head, long, short, *_ = table.splitlines()
    assert len(short) < 250
    assert long.endswith(f"x  {'y' * 1000}"), "the last column is not padded"
    assert head.index("B") == short.index("y") == long.index("y")


def test_no_color_is_respected() -> None:
    assert not re.search(r"\x1b\[3[0-9]m", on_a_terminal(*CHECK, NO_COLOR="1"))


def test_an_error_clears_the_progress(tmp_path: Path) -> None:
    output = on_a_terminal("check", "-f", str(tmp_path / "nowhere"))
    assert output.rstrip().endswith("for the filter, from that of helm")
    assert "\x1b[?25h" in output, "the cursor is visible again"
    assert "crossplane-devcache: error: " in output


def test_without_a_terminal_only_the_report_is_printed() -> None:
    run = subprocess.run([COMMAND, *CHECK], cwd=ROOT, capture_output=True, check=True)
    assert run.stderr == b""
    assert b"\x1b" not in run.stdout
    assert all(not line.endswith(b" ") for line in run.stdout.splitlines())


TREE = ("graph", "-f", "examples/values.yaml", "--crossplane", "2.4")


def tree_lines(output: str) -> list[str]:
    """Return the lines of the tree, without its heading."""
    lines = plain(output)
    start = next(number for number, line in enumerate(lines) if "Dependency tree" in line)
    return lines[start + 1 : lines.index("", start)]


def test_a_tree_has_colours_and_wraps_below_its_branches() -> None:
    output = on_a_terminal(*TREE)
    assert "\x1b[36mpulled" in output
    lines = tree_lines(output)
    assert max(map(len, lines)) <= 80
    assert "│   local  examples/network.xpkg" in lines


def test_a_narrow_terminal_does_not_cut_a_tree() -> None:
    narrow, usual = (tree_lines(on_a_terminal(*TREE, columns=columns)) for columns in (8, 60))
    assert narrow == usual


DIGEST = f"sha256:{'0123456789abcdef' * 4}"


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        pytest.param(120, [f"platform   {DIGEST}   Healthy"], id="wide-enough"),
        pytest.param(
            70,
            ["platform   sha256:0123456789abcdef...9abcdef0123456789abcdef   Healthy"],
            id="shortened",
        ),
        pytest.param(
            40, ["platform   sha256:0...89abcdef   Healthy"], id="shortened-as-far-as-necessary"
        ),
    ],
)
def test_a_narrow_terminal_shortens_digests_before_it_breaks_a_word(
    monkeypatch: pytest.MonkeyPatch, columns: int, cells: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    table = Table("Packages", ("PACKAGE", "DIGEST", "STATE"), (("platform", DIGEST, "Healthy"),))
    text = display.as_text(Report({}, (table,)), terminal=True)
    lines = plain(text.replace("\n", "\r\n"))
    assert lines[0] == "Packages"
    assert lines[1].startswith("PACKAGE"), "no blank line below the title"
    assert [line for line in lines[3:] if line] == cells


def test_a_narrow_terminal_wraps_sentences_at_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    sentence = "the image must be on every node, it is never pulled"
    table = Table("Findings", ("WHERE", "PROBLEM"), ((f"a/{'b' * 60}", sentence),))
    text = display.as_text(Report({}, (table,)), terminal=True)
    assert max(map(len, plain(text.replace("\n", "\r\n")))) <= 40
    words = set(re.sub(r"\x1b\[[0-9;]*m", "", text).split())
    assert set(sentence.split()) <= words


def test_a_state_that_is_a_failure_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    rows = (("a", "Healthy"), ("b", "pod b-1: ImagePullBackOff"))
    text = display.as_text(
        Report({}, (Table("Packages", ("PACKAGE", "STATE"), rows),)), terminal=True
    )
    assert "\x1b[32mHealthy" in text
    assert "\x1b[1;31mpod b-1: ImagePullBackOff" in text
