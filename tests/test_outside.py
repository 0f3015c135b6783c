"""The filter only reads, and only the files that the declaration names.

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
from postrender.cli import main  # load the command and its libraries before the hook
from postrender import commands

events = []
quiet = (
    *("sys.", "import", "marshal.", "compile", "exec"),
    *("code.", "function.", "object.", "builtins."),
)

def hook(event, arguments):
    if not event.startswith(quiet):
        events.append([event, *map(str, arguments[:3])])

sys.addaudithook(hook)
status = main.main(sys.argv[1:])
with open(os.dup(2), "w") as stderr:
    json.dump(events[:-1], stderr)  # the last event opened stderr itself
sys.exit(status)
"""


def events(*arguments: str) -> list[list[str]]:
    """Return the audit events of a successful run: their names and first arguments."""
    run = subprocess.run(
        [sys.executable, "-c", AUDITED, *arguments],
        input=RENDERED.read_bytes(),
        capture_output=True,
        cwd=GOLDEN,
        check=True,
    )
    calls: list[list[str]] = json.loads(run.stderr)
    return calls


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--config=devcache.yaml"], id="filter"),
        pytest.param(["objects", "--config=devcache.yaml", "--crossplane=2.4"], id="objects"),
        pytest.param(["crds", "--crossplane=2.4"], id="crds"),
    ],
)
def test_the_filter_only_reads_and_only_the_declared_files(arguments: list[str]) -> None:
    calls = events(*arguments)
    assert {event for event, *_ in calls} <= {"open", "os.scandir", "os.listdir"}
    opened = [details for event, *details in calls if event == "open"]
    assert all(int(flags) & os.O_ACCMODE == os.O_RDONLY for _, _, flags in opened)
    absolute = {(GOLDEN / path).resolve() for path, _, _ in opened}
    read = {path for path in absolute if not any(map(path.is_relative_to, ITSELF))}
    packages = (GOLDEN / "packages", GOLDEN.parent / "data" / "xpkg")
    others = {path for path in read if not any(map(path.is_relative_to, packages))}
    assert others == ({GOLDEN / "devcache.yaml"} if "crds" not in arguments else set())
    assert (read == others) == ("crds" in arguments)
