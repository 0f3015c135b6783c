"""Selects the releases of Crossplane, Helm and Kubernetes that the suite runs on."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass

import yaml

from tests.shared.programs import CHART
from tests.shared.releases import CROSSPLANE, KUBERNETES, line_of, numbers


@dataclass(frozen=True)
class Line:
    """A release of Crossplane with the Helm that installs it and the Kubernetes that runs it."""

    version: str
    helm: int
    """The major version of Helm, 3 or 4."""

    kubernetes: str
    """The release line of Kubernetes, such as `1.34`."""

    def __str__(self) -> str:
        usual = self.kubernetes == USUAL_KUBERNETES
        return f"{self.version}-helm{self.helm}" + ("" if usual else f"-on-{self.kubernetes}")

    @property
    def options(self) -> tuple[str, str]:
        """The options that make pytest run on this line alone."""
        crossplane = f"--crossplane={self.version}-helm{self.helm}"
        return crossplane, f"--kubernetes={self.kubernetes}"

    @property
    def at_least(self) -> tuple[int, ...]:
        """The version as numbers for comparisons: `line.at_least >= (2, 2)`."""
        return numbers(self.version)

    @property
    def ours(self) -> bool:
        """Whether our chart contains this release; other releases use their upstream chart."""
        return self.version == _chart_release()


class UnknownReleaseError(Exception):
    """No folder in tools builds the release that the caller named."""


USUAL_KUBERNETES = "1.34"
"""The line of Kubernetes that the suite runs on unless the caller names another."""

USUAL = "2.4-helm4 1.20-helm3"
"""The lines of Crossplane that the suite runs on unless the caller names others."""


def select(crossplane: str, kubernetes: str = "") -> list[Line]:
    """Return the lines that the caller selects.

    Args:
        crossplane: Empty for the usual lines; `all`; or lines and versions, separated by spaces.
            `all`, `2.4` and `2.4.2` mean both major versions of Helm; `2.4-helm4` means Helm 4.
        kubernetes: Empty for the usual line; `all`; or lines and versions of Kubernetes.

    Raises:
        UnknownReleaseError: No folder in tools builds one of the releases.
    """
    words = " ".join(CROSSPLANE) if crossplane == "all" else crossplane or USUAL
    nodes = " ".join(KUBERNETES) if kubernetes == "all" else kubernetes or USUAL_KUBERNETES
    lines = []
    for node in nodes.split():
        for word in words.split():
            name, _, major = word.partition("-helm")
            version = CROSSPLANE[_line(name, CROSSPLANE, "Crossplane")]
            kubernetes_line = _line(node, KUBERNETES, "Kubernetes")
            lines += [Line(version, int(helm), kubernetes_line) for helm in (major or "43")]
    return lines


def _line(name: str, releases: dict[str, str], program: str) -> str:
    """Return the line of a release that the caller named by its line or by its version."""
    line = line_of(name)
    if line not in releases or name not in (line, releases[line]):
        msg = f"tools does not build {program} {name}; it builds {', '.join(releases.values())}"
        raise UnknownReleaseError(msg)
    return line


@functools.cache
def _chart_release() -> str:
    """Return the Crossplane release that our chart contains."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    return str(chart["dependencies"][0]["version"])


def main(crossplane: str, kubernetes: str) -> int:
    """Print the folders in tools that build the selected lines, and return the exit status."""
    try:
        lines = select(crossplane, kubernetes)
    except UnknownReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    folders = [f"kubernetes-{line.kubernetes}" for line in lines]
    folders += [f"crossplane-{line_of(line.version)}" for line in lines]
    sys.stdout.writelines(f"{folder}\n" for folder in dict.fromkeys(folders))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
