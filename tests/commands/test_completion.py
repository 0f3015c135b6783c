"""`completion`: scripts for each shell."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command


@pytest.mark.parametrize("shell", ["bash", "fish", "tcsh", "zsh"])
def test_every_shell_completes_all_commands(command: Command, shell: str) -> None:
    run = command("completion", shell)
    assert run.status == 0
    for name in ("check", "inspect", "explain", "init", "add", "plugin-dir"):
        assert name in run.stdout


def test_bash_completes_commands_and_options(command: Command, tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(command("completion", "bash").stdout)
    completion = (
        f"source {script}; COMP_WORDS=(crossplane-devcache {{words}}); COMP_CWORD={{last}};"
        " $(complete -p crossplane-devcache | sed 's/.*-F \\([^ ]*\\) .*/\\1/') ;"
        ' printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    for words, last, expected in (("exp", 1, "explain"), ("check --off", 2, "--offline")):
        completed = subprocess.run(
            ["bash", "-c", completion.format(words=words, last=last)],
            capture_output=True,
            check=True,
            encoding="utf-8",
            env=os.environ,
        )
        assert completed.stdout.split() == [expected]
