"""The documented commands print the documented output."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.shared.command import COMMAND
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (ROOT / "docs" / "commands.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)


def without_sizes(text: str) -> list[str]:
    """Return the lines without sizes, which depend on the versions of zlib and liblzma."""
    sizes = re.compile(r"( +[\d,]{3,})+( bytes)?$")
    return [sizes.sub(" N", line.replace(" bytes", "")) for line in text.splitlines()]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_a_block_shows_the_real_output(block: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    environment = os.environ | {"PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"}
    output = ""
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        output += f"$ {command}\n{ran.stdout}{ran.stderr}".rstrip("\n") + "\n"
    assert without_sizes(output) == without_sizes(block)


def test_the_readme_shows_the_same_tree() -> None:
    readme = (ROOT / "README.md").read_text()
    (block,) = re.findall(r"```console\n(\$ crossplane-devcache graph .*?)```", readme, re.DOTALL)
    assert block in BLOCKS


def test_every_command_has_a_section() -> None:
    assert len(BLOCKS) > 5
    modules = {path.stem for path in (ROOT / "postrender" / "commands").glob("[a-z]*.py")}
    sections = set(re.findall(r"^\| \[?`(?:crossplane-devcache )?([a-z-]+)", TEXT, re.MULTILINE))
    assert {name.replace("_", "-") for name in modules} - {"filter"} <= sections
