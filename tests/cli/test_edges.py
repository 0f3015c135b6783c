"""The edges of the process: streams, folders, environments and signals that are not as usual.

Each test runs the installed command in a shell, which closes or redirects its streams.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.shared import api_http
from tests.shared.command import COMMAND
from tests.shared.copier_pod import tool
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.linux  # /dev/full, setpriv

INPUT = GOLDEN / "crossplane-2.4" / "input-helm3.yaml"

FILTER = "--config=devcache.yaml"
REFUSED = "--config=none.yaml"
USAGE = "crds"

EVERY = {
    FILTER: 1,
    REFUSED: 1,
    USAGE: 2,
    "--version": 1,
    "--help": 1,
    "check --config=devcache.yaml": 1,
    "inspect packages/network": 1,
    "init packages/network": 1,
    "add packages/network -f none.yaml": 1,
    "payload --config=devcache.yaml": 1,
    "payload --config=devcache.yaml --prune": 1,
    "explain a.example.org/b:v1 --crossplane=2.4": 1,
    "crds --crossplane=2.4": 1,
    "plugin-dir": 1,
    "completion bash": 1,
    "objects --config=devcache.yaml --crossplane=2.4": 1,
    "push packages/network": 1,
    "watch packages/network": 1,
    "status": 1,
    "unload network": 1,
}
"""Calls of all commands, with the exit status if no stream can be used."""

NO_SPACE = "stdout: cannot be written: no space left on device"
CLOSED = "cannot be {}: bad file descriptor"


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """Return a kubeconfig of a cluster that does not answer."""
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(api_http.kubeconfig("http://127.0.0.1:1", "first")))
    return path


def run(
    call: str,
    redirection: str = "",
    *,
    cwd: Path = GOLDEN,
    prefix: str = "",
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a call in a shell, with rendered manifests on stdin, and check its message."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HELM_")}
    with INPUT.open("rb") as stdin:
        outcome = subprocess.run(
            ["sh", "-c", f'{prefix} exec "$0" {call} {redirection}', COMMAND],
            stdin=stdin,
            capture_output=True,
            cwd=cwd,
            env={**clean, **(variables or {})},
            check=False,
        )
    assert b"Traceback" not in outcome.stderr
    assert b"defect" not in outcome.stderr
    return outcome


@pytest.mark.parametrize("call", EVERY)
def test_without_any_stream_a_command_still_has_its_status(kubeconfig: Path, call: str) -> None:
    outcome = run(call, "<&- >&- 2>&-", variables={"KUBECONFIG": str(kubeconfig)})
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (EVERY[call], b"", b"")


@pytest.mark.parametrize(
    ("call", "redirection", "status", "message"),
    [
        (FILTER, "<&-", 1, "stdin: " + CLOSED.format("read")),
        (FILTER, "0>/dev/null", 1, "stdin: " + CLOSED.format("read")),
        ("payload --config=devcache.yaml --prune", "<&-", 1, "stdin: " + CLOSED.format("read")),
        ("plugin-dir", "<&-", 0, ""),
        (FILTER, ">&-", 1, "stdout: " + CLOSED.format("written")),
        ("plugin-dir", "1</dev/null", 1, "stdout: " + CLOSED.format("written")),
        ("check --config=devcache.yaml", ">&-", 1, "stdout: " + CLOSED.format("written")),
        ("--version", ">&-", 1, "stdout: " + CLOSED.format("written")),
        (FILTER, ">/dev/full", 1, NO_SPACE),
        ("init packages/network", ">/dev/full", 1, NO_SPACE),
        ("--version", ">/dev/full", 1, NO_SPACE),
        ("--help", ">/dev/full", 1, NO_SPACE),
        (USAGE, ">/dev/full", 2, "required: --crossplane"),
        ("plugin-dir", "2>&-", 0, ""),
        (REFUSED, "2>&-", 1, ""),
        (USAGE, "2>&-", 2, ""),
        (REFUSED, "2>/dev/full", 1, ""),
        (USAGE, "2>/dev/full", 2, ""),
        (FILTER, ">/dev/full 2>/dev/full", 1, ""),
    ],
)
def test_a_stream_that_cannot_be_used_is_a_refusal(
    call: str, redirection: str, status: int, message: str
) -> None:
    outcome = run(call, redirection)
    assert outcome.returncode == status
    assert message in outcome.stderr.decode()
    assert bool(message) == bool(outcome.stderr)


@pytest.mark.parametrize(
    ("call", "redirection", "status", "message"),
    [
        (REFUSED, ">/dev/full", 1, "none.yaml: no such file or directory"),
        (REFUSED, ">&-", 1, "none.yaml: no such file or directory"),
        (USAGE, ">/dev/full", 2, "required: --crossplane"),
        (FILTER, ">/dev/full", 1, NO_SPACE),
        (REFUSED, "2>/dev/full", 0, ""),
    ],
)
def test_helm_4_gets_a_status_if_the_error_cannot_be_the_output(
    call: str, redirection: str, status: int, message: str
) -> None:
    outcome = run(call, redirection, variables={"HELM_PLUGIN_NAME": "crossplane-devcache"})
    assert outcome.returncode == status
    assert message in outcome.stderr.decode()
    assert outcome.stdout.startswith(b"|\n  crossplane-devcache: error: ") == (status == 0)


def test_a_directory_as_stdin_is_an_error() -> None:
    """Python itself refuses it, before it runs the program."""
    outcome = run(FILTER, "</")
    assert (outcome.returncode, outcome.stdout) == (1, b"")
    assert b"<stdin> is a directory" in outcome.stderr


@pytest.mark.parametrize("call", ["--help", "--version", "crds --crossplane=2.4", FILTER])
def test_a_reader_that_has_ended_is_no_error_message(call: str) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as stdout, INPUT.open("rb") as stdin:
        outcome = subprocess.run(
            [COMMAND, *call.split()],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            cwd=GOLDEN,
            check=False,
        )
    assert (outcome.returncode, outcome.stderr) == (1, b"")


def test_stdin_that_does_not_block_is_read_up_to_its_end() -> None:
    """Without blocking, a read ends as soon as the writer is slower."""
    read, write = os.pipe()
    os.close(write)
    os.set_blocking(read, False)
    with os.fdopen(read, "rb") as stdin:
        outcome = subprocess.run(
            [COMMAND, FILTER], stdin=stdin, capture_output=True, cwd=GOLDEN, check=False
        )
        assert os.get_blocking(read), "the process shares the file with this one"
    assert b"there are no manifests on stdin" in outcome.stderr


LOST = 'mkdir lost && cd lost && rmdir "$PWD" &&'
"""The shell's commands that remove the working directory."""


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        ("inspect .", 1, ".: no such file or directory"),
        ("init .", 1, ".: no such file or directory"),
        (FILTER, 1, "devcache.yaml: no such file or directory"),
        ("plugin-dir", 0, ""),
        ("push .", 1, "does not answer"),
    ],
)
def test_a_working_directory_that_is_gone_is_a_refusal(
    tmp_path: Path, kubeconfig: Path, call: str, status: int, message: str
) -> None:
    outcome = run(call, prefix=LOST, cwd=tmp_path, variables={"KUBECONFIG": str(kubeconfig)})
    assert outcome.returncode == status
    assert message in outcome.stderr.decode()


def as_a_user() -> list[str]:
    """Return the command that takes root's right to read everything."""
    lost = ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    return [tool("setpriv"), *lost] if os.geteuid() == 0 else []


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ("inspect package", "package/link.yaml"),
        ("init package", "package/link.yaml"),
        ("inspect package/locked/x", "package/locked/x"),
        ("--config=package/locked/x", "package/locked/x"),
        ("check -f package/locked/x", "package/locked/x"),
        ("add network -f package/locked/x", "package/locked/x"),
        ("status", "package/locked/kubeconfig"),
    ],
)
def test_a_path_through_a_folder_that_cannot_be_read_is_a_refusal(
    tmp_path: Path, call: str, path: str
) -> None:
    folder = tmp_path / "package"
    (folder / "locked").mkdir(parents=True)
    (folder / "locked" / "target.yaml").write_text("a: b\n")
    (folder / "crossplane.yaml").touch()
    (folder / "link.yaml").symlink_to("locked/target.yaml")
    (folder / "locked").chmod(0)
    (tmp_path / "network").symlink_to(GOLDEN / "packages" / "network")
    outcome = subprocess.run(
        [*as_a_user(), COMMAND, *call.split()],
        input=b"",
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"KUBECONFIG": "package/locked/kubeconfig"},
        check=False,
    )
    (folder / "locked").chmod(0o700)
    message = f"crossplane-devcache: error: {path}: cannot be read: permission denied\n"
    assert (outcome.returncode, outcome.stderr.decode()) == (1, message)


ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(
    ("call", "variables", "status", "message"),
    [
        ("inspect café", ASCII, 1, "no such file or directory"),
        ("café", ASCII, 2, 'there is no command "caf'),
        (FILTER, ASCII, 0, ""),
        (FILTER, {"HOME": "/none", "CROSSPLANE_DEVCACHE_CACHE": ""}, 0, ""),
        (FILTER, {"HOME": "", "CROSSPLANE_DEVCACHE_CACHE": ""}, 0, ""),
        ("status", {"HOME": "/none", "KUBECONFIG": ""}, 1, "no kubeconfig at /none/.kube/config"),
        ("status", {"KUBECONFIG": "~nobody-has-this-name/x"}, 1, "no kubeconfig at ~nobody-has"),
    ],
)
def test_an_unusual_environment_is_no_defect(
    call: str, variables: dict[str, str], status: int, message: str
) -> None:
    outcome = run(call, variables=variables)
    assert outcome.returncode == status, outcome.stderr
    assert message in outcome.stderr.decode()
    assert outcome.stderr.isascii()


def test_without_a_home_the_filter_runs() -> None:
    assert run(FILTER, prefix="unset HOME CROSSPLANE_DEVCACHE_CACHE;").returncode == 0


INTERRUPTED = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, path, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

module, *sys.argv[1:] = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # as if no shell had it ignored
from postrender import cli
sys.meta_path.insert(0, Interrupt())
from postrender.cli.main import entry
entry()
"""
"""A program that is interrupted when it loads a module."""


@pytest.mark.parametrize(
    ("module", "call", "status"),
    [
        ("postrender.cli.main", FILTER, -signal.SIGINT),
        ("postrender.errors", FILTER, -signal.SIGINT),
        ("yaml", FILTER, -signal.SIGINT),
        ("lightkube", "push packages/network", -signal.SIGINT),
        ("rich.table", "inspect packages/network", 130),
        ("jinja2.loaders", "init packages/network", 130),
    ],
)
def test_an_interrupt_while_a_module_loads_ends_the_process_quietly(
    module: str, call: str, status: int
) -> None:
    with INPUT.open("rb") as stdin:
        outcome = subprocess.run(
            [sys.executable, "-c", INTERRUPTED, module, *call.split()],
            stdin=stdin,
            capture_output=True,
            cwd=GOLDEN,
            check=False,
        )
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (status, b"", b"")


def test_an_ignored_interrupt_stays_ignored() -> None:
    """A shell ignores it for a program in the background."""
    program = INTERRUPTED.replace("signal.default_int_handler", "signal.SIG_IGN")
    with INPUT.open("rb") as stdin:
        outcome = subprocess.run(
            [sys.executable, "-c", program, "yaml", FILTER],
            stdin=stdin,
            capture_output=True,
            cwd=GOLDEN,
            check=False,
        )
    assert (outcome.returncode, outcome.stderr) == (0, b"")
