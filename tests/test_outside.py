"""What the filter does outside of itself: it reads what it is told to, and that is all.

docs/security.md promises it. Python reports each file, socket and program to an audit hook.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared.paths import GOLDEN, ROOT

RENDERED = GOLDEN / "crossplane-2.4" / "input-helm3.yaml"

ITSELF = (ROOT / "postrender", Path(sys.prefix), Path(sys.base_prefix))
"""The program: its modules, Python's, and the script that goes into the ConfigMap."""

AUDITED = """
import json, os, sys
from postrender.cli import main# the command and its libraries are loaded
from postrender import commands# the command and its libraries are loaded

told = []
quiet = (
    *("sys.", "import", "marshal.", "compile", "exec"),
    *("code.", "function.", "object.", "builtins."),
)

def hook(event, arguments):
    if not event.startswith(quiet):
        told.append([event, *map(str, arguments[:3])])

sys.addaudithook(hook)
status = main.main(sys.argv[1:])
with open(os.dup(2), "w") as stderr:
    json.dump(told[:-1], stderr)  # without the last, which is this very file
sys.exit(status)
"""


def events(*arguments: str) -> list[list[str]]:
    """Return what the audit hook was told of a run that succeeded: event, and first arguments."""
    done = subprocess.run(
        [sys.executable, "-c", AUDITED, *arguments],
        input=RENDERED.read_bytes(),
        capture_output=True,
        cwd=GOLDEN,
        check=True,
    )
    told: list[list[str]] = json.loads(done.stderr)
    return told


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--config=devcache.yaml"], id="filter"),
        pytest.param(["objects", "--config=devcache.yaml", "--crossplane=2.4"], id="objects"),
        pytest.param(["crds", "--crossplane=2.4"], id="crds"),
    ],
)
def test_it_only_reads_and_only_what_the_declaration_names(arguments: list[str]) -> None:
    found = events(*arguments)
    assert {event for event, *_ in found} <= {"open", "os.scandir", "os.listdir"}
    opened = [rest for event, *rest in found if event == "open"]
    assert all(int(flags) & os.O_ACCMODE == os.O_RDONLY for _, _, flags in opened)
    absolute = {(GOLDEN / path).resolve() for path, _, _ in opened}
    read = {path for path in absolute if not any(map(path.is_relative_to, ITSELF))}
    packages = (GOLDEN / "packages", GOLDEN.parent / "data" / "xpkg")
    others = {path for path in read if not any(map(path.is_relative_to, packages))}
    assert others == ({GOLDEN / "devcache.yaml"} if "crds" not in arguments else set())
    assert (read == others) == ("crds" in arguments)
