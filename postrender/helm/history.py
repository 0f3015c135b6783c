"""The last revision of a release, as Helm reports it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from postrender.fields import Fields
from postrender.helm import program
from postrender.helm.program import HelmError

if TYPE_CHECKING:
    from postrender.helm.program import Helm
    from postrender.manifests.nodes import Plain

_CHART = re.compile(r"(?P<name>.+?)-(?P<version>v?\d+\.\d+.*)")


class Revision(NamedTuple):
    """The last revision of a release.

    Attributes:
        number: Its number.
        status: Helm's status, e.g. `deployed` or `pending-upgrade`.
        chart: The name of its chart.
        chart_version: The version of its chart.
        app_version: The appVersion of its chart.
        description: Helm's description, which a failure or another helm command replaces.
        updated: The time of the helm command, in seconds since the epoch.
    """

    number: int
    status: str
    chart: str
    chart_version: str
    app_version: str
    description: str
    updated: float

    @property
    def is_pending(self) -> bool:
        """Whether a helm command is at work, or was killed."""
        return self.status.startswith("pending-")


def last(helm: Helm, name: str) -> Revision | None:
    """Return the last revision of a release, or None without a release.

    Raises:
        HelmError: Helm cannot read the release.
    """
    try:
        text = program.read(helm, "history", name, *helm.target, "--max=1", "--output=json")
    except HelmError as error:
        if "release: not found" in error.output:
            return None
        raise
    [value] = json.loads(text)
    fields = Fields.of(value, path="the last revision", where=f"the release {name}")
    chart = _CHART.fullmatch(fields.text("chart"))
    number = fields.values.get("revision")
    return Revision(
        number=int(number) if isinstance(number, int) else 0,
        status=fields.text("status"),
        chart=chart["name"] if chart else fields.text("chart"),
        chart_version=chart["version"] if chart else "",
        app_version=fields.text("app_version"),
        description=fields.text("description"),
        updated=_seconds(fields.text("updated")),
    )


def values(helm: Helm, name: str) -> dict[str, Plain]:
    """Return the values that the user gave the last revision of a release.

    Raises:
        HelmError: Helm cannot read the release.
    """
    text = program.read(helm, "get", "values", name, *helm.target, "--output=json")
    return Fields.of(json.loads(text), path="values", where=f"the release {name}").values


def _seconds(time: str) -> float:
    """Return a time in RFC 3339 with nanoseconds as seconds since the epoch, or 0."""
    match = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)", time)
    if match is None:
        return 0
    return datetime.fromisoformat(match[1] + match[2]).astimezone(UTC).timestamp()
