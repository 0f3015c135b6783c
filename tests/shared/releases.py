"""The tested releases of Crossplane and Kubernetes, from the go.mod of their folders in tools.

`python -m tests.shared.releases` prints the versions of Crossplane.
"""

from __future__ import annotations

import re
import sys

from tests.shared.paths import ROOT

TOOLS = ROOT / "tools"

MODULES = {
    "crossplane": r"github\.com/crossplane/crossplane(?:/v[0-9]+)?",
    "kubernetes": r"k8s\.io/kubernetes",
}
"""The Go module of each program, as a regular expression."""


def numbers(version: str) -> tuple[int, ...]:
    """Return a version or a line as numbers, to compare: `numbers("2.4.2") >= (2, 2)`."""
    return tuple(int(number) for number in version.split("."))


def line_of(version: str) -> str:
    """Return the release line of a version, such as `2.4` of `2.4.2`."""
    return ".".join(version.split(".")[:2])


def _releases(program: str) -> dict[str, str]:
    """Return the version of each line that a folder such as `crossplane-2.4` builds."""
    lines = (folder.name.partition("-")[2] for folder in TOOLS.glob(f"{program}-*"))
    return {line: _version(program, line) for line in sorted(lines, key=numbers)}


def _version(program: str, line: str) -> str:
    requirement = re.compile(rf"^(?:require )?\s*{MODULES[program]} v(\S+)", re.MULTILINE)
    match = requirement.search((TOOLS / f"{program}-{line}" / "go.mod").read_text())
    assert match, f"go.mod of {program}-{line} requires {program}"
    return match[1]


CROSSPLANE = _releases("crossplane")
"""The version of Crossplane by line, oldest first. They cover each layout of the cache."""

KUBERNETES = _releases("kubernetes")
"""The version of Kubernetes by line, oldest first."""

NEWEST = list(CROSSPLANE)[-1]
"""The newest line of Crossplane."""


if __name__ == "__main__":
    sys.stdout.writelines(f"{version}\n" for version in CROSSPLANE.values())
