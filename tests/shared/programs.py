"""The tools that `make test` builds, run in the root of the repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.shared.paths import ROOT

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | float | bool | None"
"""A JSON value."""

CHART = ROOT / "charts" / "crossplane-devcache"

KUBERNETES = "1.34.0"
"""The Kubernetes version for Helm without a cluster, because each Helm has a different default."""

SEARCH_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
"""The PATH with the commands of this interpreter's environment."""

both_helms = pytest.mark.parametrize("helm", ["HELM3", "HELM4"])
"""Runs a test with both majors of Helm."""


def path_of(tool: str) -> str:
    """Return the path in an environment variable that `make test` sets.

    Args:
        tool: The variable, e.g. HELM4. If it is unset, the test fails.
    """
    if tool not in os.environ:
        pytest.fail(f"{tool} is not set; `make test` builds the tools and sets it")
    return os.environ[tool]


def run(tool: str, *args: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a tool and return its exit status and output.

    Args:
        tool: The environment variable that holds its path.
        *args: Its arguments.
        **environment: More variables to set.
    """
    return subprocess.run(
        [path_of(tool), *args],
        cwd=ROOT,
        env=os.environ | {"PATH": SEARCH_PATH} | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def output(tool: str, *args: str | Path, **environment: str) -> str:
    """Return the standard output of a tool that must succeed; see `run`."""
    result = run(tool, *args, **environment)
    assert result.returncode == 0, f"{tool} {args}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def values_at(path: str, value: Plain) -> dict[str, Plain]:
    """Return Helm values with `value` at a dotted path and nothing else."""
    key, _, rest = path.partition(".")
    return {key: values_at(rest, value) if rest else value}
