"""The chart of an installation: that of a version, or the chart that the user names."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from postrender.declared import values
from postrender.errors import DevcacheError, quoted
from postrender.fields import Fields
from postrender.helm import program
from postrender.manifests import nodes
from postrender.release import chart

if TYPE_CHECKING:
    from postrender.helm.history import Revision
    from postrender.helm.program import Helm

UPSTREAM, OURS = "crossplane", values.CHART
"""The names of the charts that can be installed."""

_REPOSITORY = "https://charts.crossplane.io/stable"


class Chart(NamedTuple):
    """A chart.

    Attributes:
        arguments: The arguments that select it in a helm command.
        name: Its name.
        version: The version of Crossplane that it installs.
        identity: A text that differs for different charts, or "" if the chart can change.
    """

    arguments: tuple[str, ...]
    name: str
    version: str
    identity: str

    @property
    def is_ours(self) -> bool:
        """Whether it is our chart, whose template declares the packages."""
        return self.name == OURS


def select(helm: Helm, option: str, version: str, revision: Revision | None) -> Chart:
    """Return the chart of an installation.

    Args:
        helm: Helm.
        option: The chart that the user names: a folder, a .tgz, a reference; or "".
        version: The version of Crossplane that the user names, or "".
        revision: The last revision of the release, whose Crossplane version stays; or None.

    Raises:
        DevcacheError: It is neither the upstream chart nor ours.
    """
    if option:
        return _of_option(helm, option, version)
    if revision and revision.chart not in {UPSTREAM, OURS}:
        problem = f"is of the chart {quoted(revision.chart)}"
        hint = "name a chart with --chart, or use another namespace"
        raise DevcacheError(problem, where="the release", hint=hint)
    release_version = revision.app_version if revision else ""
    version = (version or release_version or chart.CROSSPLANE).removeprefix("v")
    arguments = (UPSTREAM, f"--repo={_REPOSITORY}", f"--version={version}")
    return Chart(arguments, UPSTREAM, version, f"{UPSTREAM} {version}")


def _of_option(helm: Helm, option: str, version: str) -> Chart:
    path = Path(option)
    arguments = (option, *((f"--version={version}",) if version and not path.exists() else ()))
    text = program.read(helm, "show", "chart", *arguments)
    fields = Fields.of(nodes.plain(text, where=option), path="Chart.yaml", where=option)
    name, app_version = fields.text("name"), fields.text("appVersion")
    if name not in {UPSTREAM, OURS}:
        problem = f"is the chart {quoted(name)}, and not {UPSTREAM} or {OURS}"
        hint = "install another chart with helm, and use `crossplane-devcache watch`"
        raise DevcacheError(problem, where=option, hint=hint)
    identity = f"{name} {fields.text('version')}"
    if path.is_dir():
        identity = ""
    elif path.is_file():
        identity += f" {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return Chart(arguments, name, app_version.removeprefix("v"), identity)
