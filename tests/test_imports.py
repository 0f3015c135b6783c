"""The modules that a run loads, which add to the start-up time of each helm command."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.shared.paths import DATA, GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

ZSTD = {"backports.zstd", "compression.zstd"}

LIBRARIES = {"yaml", "_yaml", "jinja2", "jsonschema_rs", "ruamel", *ZSTD}

SLOW = {"argparse", "dataclasses", "decimal", "importlib.metadata", "inspect", "json", "tarfile"}
"""Modules of the standard library that take long to load."""

XPKG = DATA / "xpkg" / "configuration.xpkg"

SCRIPT = """
import sys
before = set(sys.modules)
from postrender.cli import main
try:
    status = main.main()
except SystemExit as exit:
    status = exit.code or 0
loaded = set(sys.modules) - before
import json
print(json.dumps([status, *loaded]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        pytest.param(["--version"], LIBRARIES, id="version"),
        pytest.param(["--config=config.yaml"], (LIBRARIES | SLOW) - {"yaml", "_yaml"}, id="filter"),
        pytest.param(
            ["--config=config.yaml", "--relative-to-file"],
            (LIBRARIES | SLOW) - {"yaml", "_yaml"},
            id="filter-from-the-file",
        ),
        pytest.param(["check", "--config=config.yaml"], {"ruamel"}, id="check"),
        pytest.param(
            ["init", str(GOLDEN / "packages" / "network")], {"jsonschema_rs", "ruamel"}, id="init"
        ),
        pytest.param(
            ["explain", "x.io/a/b:v1", "--crossplane=2.4", f"--path={XPKG}"], ZSTD, id="xpkg"
        ),
    ],
)
def test_a_run_does_not_load_slow_modules(
    tmp_path: Path, arguments: list[str], absent: set[str]
) -> None:
    """The filter reads a package directory; an archive would need tarfile."""
    (tmp_path / "config.yaml").write_text(
        "apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nmetadata: {name: x}\n"
        f"spec: {{packages: {{network: {{path: {GOLDEN / 'packages' / 'network'}}}}}}}\n"
    )
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            SCRIPT,
            *arguments,
        ],
        cwd=tmp_path,
        input=(GOLDEN / "crossplane-2.4" / "input-helm4.yaml").read_bytes(),
        capture_output=True,
        check=True,
    )
    status, *loaded = json.loads(run.stderr)
    assert (status, absent & set(loaded)) == (0, set())


def test_starting_up_loads_no_library() -> None:
    """Each helm command waits for the imports of the filter."""
    program = "import sys; from postrender import cli; print(sorted(set(sys.modules) & {names!r}))"
    heavy = {
        "yaml",
        "jinja2",
        "jsonschema_rs",
        "rich",
        "shtab",
        "importlib.metadata",
        "tarfile",
        "lzma",
    }
    run = subprocess.run(
        [sys.executable, "-c", program.format(names=heavy)], capture_output=True, check=True
    )
    assert run.stdout == b"[]\n"


def test_the_filter_loads_nothing_that_only_other_commands_need() -> None:
    program = (
        "import sys; from postrender.commands import filter;"
        " print(sorted(set(sys.modules) & {names!r}))"
    )
    unused = {
        "jinja2",
        "jsonschema_rs",
        "rich",
        "shtab",
        "importlib.metadata",
        "graphlib",
        "difflib",
        "http",
    }
    rooms = (
        *("checks", "cli.display", "live", "crossplane.constraints", "helm", "installation", "krm"),
        *("release.argocd", "release.split"),
    )
    modules = {f"postrender.{name}" for name in rooms}
    run = subprocess.run(
        [sys.executable, "-c", program.format(names=unused | modules)],
        capture_output=True,
        check=True,
    )
    assert run.stdout == b"[]\n"
