"""Which releases the suite runs on: of Crossplane, each with a major of Helm, and of Kubernetes."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass

import yaml

from tests.shared.programs import CHART
from tests.shared.releases import CROSSPLANE, KUBERNETES, line_of, numbers


@dataclass(frozen=True)
class Line:
    """A release of Crossplane, the Helm that installs it, and the Kubernetes that it runs on."""

    version: str
    helm: int
    """Helm's major version, 3 or 4."""

    kubernetes: str
    """The release line of Kubernetes, such as `1.34`."""

    def __str__(self) -> str:
        usual = self.kubernetes == USUAL_KUBERNETES
        return f"{self.version}-helm{self.helm}" + ("" if usual else f"-on-{self.kubernetes}")

    @property
    def options(self) -> tuple[str, str]:
        """The options by which pytest runs on this line alone."""
        crossplane = f"--crossplane={self.version}-helm{self.helm}"
        return crossplane, f"--kubernetes={self.kubernetes}"

    @property
    def at_least(self) -> tuple[int, ...]:
        """The version as numbers, to compare: `line.at_least >= (2, 2)`."""
        return numbers(self.version)

    @property
    def ours(self) -> bool:
        """Whether our chart brings this release; any other comes with its upstream chart."""
        return self.version == _pinned()


class UnknownReleaseError(Exception):
    """No folder in tools builds the release that the caller named."""


USUAL_KUBERNETES = "1.34"
"""The line of Kubernetes that the suite runs on unless the caller names another."""

USUAL = "2.4-helm4 1.20-helm3"
"""The lines of Crossplane that the suite runs on unless the caller names others."""


def chosen(crossplane: str, kubernetes: str = "") -> list[Line]:
    """Return the lines that the caller chose.

    Args:
        crossplane: Empty for the usual lines; `all`; or lines and versions with a blank between
            them. `all`, `2.4` and `2.4.2` mean both majors of Helm, `2.4-helm4` means one.
        kubernetes: Empty for the usual line; `all`; or lines and versions of Kubernetes.

    Raises:
        UnknownReleaseError: No folder in tools builds one of them.
    """
    words = " ".join(CROSSPLANE) if crossplane == "all" else crossplane or USUAL
    nodes = " ".join(KUBERNETES) if kubernetes == "all" else kubernetes or USUAL_KUBERNETES
    lines = []
    for node in nodes.split():
        for word in words.split():
            name, _, major = word.partition("-helm")
            version = CROSSPLANE[_line(name, CROSSPLANE, "Crossplane")]
            on = _line(node, KUBERNETES, "Kubernetes")
            lines += [Line(version, int(each), on) for each in (major or "43")]
    return lines


def _line(name: str, releases: dict[str, str], program: str) -> str:
    """Return the line of a release that the caller named by its line or by its version."""
    line = line_of(name)
    if line not in releases or name not in (line, releases[line]):
        msg = f"tools does not build {program} {name}; it builds {', '.join(releases.values())}"
        raise UnknownReleaseError(msg)
    return line


@functools.cache
def _pinned() -> str:
    """Return the release that our chart brings."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    return str(chart["dependencies"][0]["version"])


def main(crossplane: str, kubernetes: str) -> int:
    """Print the folders in tools that build the chosen lines, and return the exit status."""
    try:
        lines = chosen(crossplane, kubernetes)
    except UnknownReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    folders = [f"kubernetes-{line.kubernetes}" for line in lines]
    folders += [f"crossplane-{line_of(line.version)}" for line in lines]
    sys.stdout.writelines(f"{folder}\n" for folder in dict.fromkeys(folders))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
