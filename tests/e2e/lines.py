"""Which releases of Crossplane the suite runs on, each with which major of Helm."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass

import yaml

from tests.releases import RELEASES, numbers
from tests.tools.commands import CHART


@dataclass(frozen=True)
class Line:
    """A release of Crossplane and the Helm that installs it."""

    version: str
    helm: int
    """Helm's major version, 3 or 4."""

    def __str__(self) -> str:
        return f"{self.version}-helm{self.helm}"

    @property
    def at_least(self) -> tuple[int, ...]:
        """The version as numbers, to compare: `line.at_least >= (2, 2)`."""
        return numbers(self.version)

    @property
    def ours(self) -> bool:
        """Whether our chart brings this release; any other comes with its upstream chart."""
        return self.version == _pinned()


DEFAULT = (Line("2.4.0", 4), Line("1.20.11", 3))


def chosen(text: str) -> list[Line]:
    """Return the lines that a person asked for.

    Args:
        text: Empty for the default; `all`; or releases with a blank between them. `all` and a
            release mean both majors of Helm, `2.4.0-helm4` means one.
    """
    if not text:
        return list(DEFAULT)
    lines = []
    for word in RELEASES if text == "all" else text.split():
        version, _, major = word.partition("-helm")
        lines += [Line(version, int(each)) for each in (major or "43")]
    return lines


@functools.cache
def _pinned() -> str:
    """Return the release that our chart brings."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    return str(chart["dependencies"][0]["version"])


if __name__ == "__main__":
    for release in dict.fromkeys(line.version for line in chosen(" ".join(sys.argv[1:]))):
        sys.stdout.write(f"{release}\n")
