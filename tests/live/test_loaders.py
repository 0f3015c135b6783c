"""Tests of the programs that load images: stand-ins on the PATH record their arguments."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from postrender.errors import DevcacheError
from postrender.live import loaders

if TYPE_CHECKING:
    from pathlib import Path

PIECES = [b"archive ", b"in pieces"]
ARCHIVE_COMMAND = "crossplane-devcache image a.xpkg"

READ_FILE = """#!/bin/sh
echo "$0 $*" | sed "s,$0,{name},; s,/[^ ]*[.]tar,ARCHIVE," >>{log}
for word; do case $word in *.tar) cat "$word" >{content} ;; esac; done
"""
READ_STDIN = """#!/bin/sh
echo "{name} $*" >>{log}
cat >{content}
"""


class Programs:
    """Stand-ins for programs, which record their arguments and the archive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log, self.content = folder / "log", folder / "content"

    def add(self, name: str, script: str) -> None:
        program = self.folder / name
        program.write_text(script.format(name=name, log=self.log, content=self.content))
        program.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return Programs(tmp_path)


@pytest.mark.parametrize(
    ("context", "call", "script"),
    [
        pytest.param(
            "kind-dev", "kind load image-archive ARCHIVE --name dev", READ_FILE, id="kind"
        ),
        pytest.param(
            "kind-a-b", "kind load image-archive ARCHIVE --name a-b", READ_FILE, id="kind-hyphen"
        ),
        pytest.param("k3d-dev", "k3d image import ARCHIVE --cluster dev", READ_FILE, id="k3d"),
        pytest.param(
            "minikube",
            "minikube image load ARCHIVE --profile minikube",
            READ_FILE,
            id="minikube",
        ),
        pytest.param("docker-desktop", "docker load", READ_STDIN, id="docker-desktop"),
        pytest.param("orbstack", "docker load", READ_STDIN, id="orbstack"),
        pytest.param("colima", "docker load", READ_STDIN, id="colima"),
        pytest.param("rancher-desktop", "docker load", READ_STDIN, id="rancher-desktop"),
    ],
)
def test_the_context_names_the_program(
    programs: Programs, context: str, call: str, script: str
) -> None:
    programs.add(call.split(maxsplit=1)[0], script)
    loaders.load(loaders.of_context(context, ""), PIECES, archive_command=ARCHIVE_COMMAND)
    assert programs.log.read_text() == f"{call}\n"
    assert programs.content.read_bytes() == b"".join(PIECES)


@pytest.mark.parametrize("context", ["dev", "kind-dev"])
def test_a_profile_of_minikube_has_any_context(programs: Programs, context: str) -> None:
    programs.add("minikube", READ_FILE)
    loader = loaders.of_context(context, "", minikube_profile="dev")
    loaders.load(loader, PIECES, archive_command=ARCHIVE_COMMAND)
    assert programs.log.read_text() == "minikube image load ARCHIVE --profile dev\n"


def test_a_command_of_the_user_reads_stdin(programs: Programs) -> None:
    programs.add("ctr", READ_STDIN)
    loader = loaders.of_context("kind-dev", "ctr -n k8s.io 'images' import -")
    loaders.load(loader, PIECES, archive_command=ARCHIVE_COMMAND)
    assert programs.log.read_text() == "ctr -n k8s.io images import -\n"
    assert programs.content.read_bytes() == b"".join(PIECES)


@pytest.mark.parametrize(
    ("context", "command", "problem", "hint"),
    [
        pytest.param(
            "prod", "", "no known program loads", "pass --loader", id="a-context-of-another-kind"
        ),
        pytest.param("prod", "'", "not a command line", "quotes", id="an-open-quote"),
        pytest.param("prod", " ", "is empty", "name a command", id="no-word"),
    ],
)
def test_without_a_program_the_hint_tells_how_to_name_it(
    context: str, command: str, problem: str, hint: str
) -> None:
    with pytest.raises(DevcacheError) as refused:
        loaders.of_context(context, command)
    assert problem in refused.value.problem
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("context", "shell_command"),
    [
        (
            "kind-dev",
            f"{ARCHIVE_COMMAND} >image.tar && kind load image-archive image.tar --name dev",
        ),
        ("docker-desktop", f"{ARCHIVE_COMMAND} | docker load"),
    ],
)
def test_a_missing_program_is_refused_with_the_command_to_run_by_hand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, context: str, shell_command: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DevcacheError, match="is not installed") as refused:
        loaders.load(loaders.of_context(context, ""), PIECES, archive_command=ARCHIVE_COMMAND)
    assert refused.value.hint == f"where it is installed, run: {shell_command}"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param("#!/bin/sh\necho no cluster >&2; exit 3\n", "no cluster", id="stderr"),
        pytest.param("#!/bin/sh\nexec <&-; echo gone; exit 3\n", "gone", id="closed-stdin"),
        pytest.param("#!/bin/sh\nprintf '\\033[31m'; exit 3\n", "\\x1b[31m", id="escaped"),
    ],
)
def test_the_failure_of_a_program_has_its_last_lines(
    programs: Programs, script: str, message: str
) -> None:
    program = programs.folder / "load"
    program.write_text(script)
    program.chmod(0o755)
    loader = loaders.of_context("", shlex.quote(str(program)))
    with pytest.raises(DevcacheError, match="failed with status 3") as refused:
        loaders.load(loader, [b"x" * (1 << 20)] * 4, archive_command=ARCHIVE_COMMAND)
    assert message in refused.value.problem
