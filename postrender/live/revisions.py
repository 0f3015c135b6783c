"""Package objects and revisions: having Crossplane read a package, and what it makes of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender import labels
from postrender.live import kinds
from postrender.live.cluster import ConflictError
from postrender.live.kinds import package_kind, revision_kind

if TYPE_CHECKING:
    from postrender.crossplane.target import Target
    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Kind, Object
    from postrender.manifests.nodes import Plain
    from postrender.payload.record import RecordedPackage

_READ = ("Healthy", "RevisionHealthy")
"""The conditions by which a revision says how reading its package went: 1.x, and 2.x."""

_LONGEST = 400
"""Characters of a condition's message that are passed on."""

_WAITING = "Pushed"
"""The reason of such a condition until Crossplane has read the package again."""


@dataclass(frozen=True)
class Condition:
    """A condition of an object.

    Attributes:
        type: Its type, e.g. `Healthy`.
        status: True, False or Unknown.
        reason: Its reason.
        message: Its message on one line, cut off where it goes on too long, or "".
        is_current: Whether it is about the object's present spec, as far as Crossplane tells.
    """

    type: str
    status: str
    reason: str
    message: str
    is_current: bool = True

    @property
    def has_failed(self) -> bool:
        """Whether the present spec of the object has failed."""
        return self.status == "False" and self.is_current


@dataclass(frozen=True)
class State:
    """What Crossplane makes of a package.

    Attributes:
        revision: The current revision's name, or "".
        resolved: What its reference was resolved to, or "" where Crossplane does not say.
        conditions: The conditions of the package object.
        read: The conditions by which the revision says how reading the package went.
    """

    revision: str
    resolved: str
    conditions: tuple[Condition, ...]
    read: tuple[Condition, ...]

    @property
    def is_read(self) -> bool:
        """Whether Crossplane has read the package since it was told to, and took it."""
        return bool(self.read) and all(one.status == "True" for one in self.read)

    @property
    def is_healthy(self) -> bool:
        """Whether all that the package brings works."""
        statuses = {condition.type: condition.status for condition in self.conditions}
        return self.is_read and statuses.get("Installed") == statuses.get("Healthy") == "True"

    @property
    def refusal(self) -> str:
        """Why Crossplane does not take the package, in its own words, or ""."""
        failed = (*(one for one in self.read if one.has_failed), *self.failures)
        return next((one.message or one.reason for one in failed), "")

    @property
    def failures(self) -> tuple[Condition, ...]:
        """What has failed before there was a revision: the package could not be had, or read."""
        return tuple(one for one in self.conditions if one.type == "Installed" and one.has_failed)

    @property
    def trouble(self) -> str:
        """What Crossplane says of a package that is not healthy, or ""."""
        failed = [one for one in self.conditions if one.status != "True"]
        told = (one.message or one.reason for one in failed)
        return self.refusal or next(filter(None, told), "")

    @property
    def summary(self) -> str:
        """Healthy, or what is wrong with it."""
        return "Healthy" if self.is_healthy else self.trouble or "not installed"


NOTHING = State("", "", (), ())
"""The state of a package that is not there."""


def state(cluster: Cluster, entry: RecordedPackage, target: Target) -> State:
    """Return what Crossplane makes of a package, whoever has created its package object."""
    package = _package(cluster, entry, target)
    if package is None:
        return NOTHING
    status = kinds.fields(package).under("status")
    name = status.text("currentRevision")
    revision = cluster.get(revision_kind(entry.kind, target), name) if name else None
    read = _conditions(revision) if revision else ()
    return State(
        revision=name,
        resolved=status.text("resolvedPackage"),
        conditions=_conditions(package),
        read=tuple(one for one in read if one.type in _READ),
    )


def _package(cluster: Cluster, entry: RecordedPackage, target: Target) -> Object | None:
    kind = package_kind(entry.kind, target)
    if entry.install:
        return cluster.get(kind, entry.name)
    for one in cluster.labelled(kind, {}):
        if kinds.fields(one).under("spec").text("package") == entry.package:
            return one
    return None


def _conditions(package: Object) -> tuple[Condition, ...]:
    """Return the conditions of a package object or a revision.

    Conditions name the generation that they are about since 1.20 (crossplane-runtime v1.20.0
    pkg/conditions). A failure of an earlier generation may stand for many seconds: Crossplane asks
    a registry several times before it gives up.
    """
    fields = kinds.fields(package)
    generation = fields.under("metadata").values.get("generation")
    return tuple(
        Condition(
            type=condition.text("type"),
            status=condition.text("status"),
            reason=condition.text("reason"),
            message=_short(condition.text("message")),
            is_current=condition.values.get("observedGeneration") in (None, generation),
        )
        for condition in kinds.items(fields.under("status").values.get("conditions"))
    )


def _short(message: str) -> str:
    """Return a message without what may follow its reason: the API server quotes manifests."""
    line = " ".join(message.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def named(cluster: Cluster, kind: str, target: Target) -> set[str]:
    """Return the names of all revisions of packages of a kind, the inactive ones too."""
    return {kinds.name(one) for one in cluster.labelled(revision_kind(kind, target), {})}


def touch(cluster: Cluster, kind: Kind, name: str) -> None:
    """Have Crossplane read a package again for a revision, and say afterwards that it has.

    Any change of a revision makes it read the package. This one takes back what it said of what it
    has read before, so that what stands there afterwards is of the new content. It is one change:
    Crossplane, at work for a first one, would stumble over a second, and pause for a second.
    """
    while revision := cluster.get(kind, name):
        try:
            cluster.patch(kind, name, _touched(revision), status=True)
        except ConflictError:
            continue
        return


def nudge(cluster: Cluster, entry: RecordedPackage, state: State, target: Target) -> None:
    """Have Crossplane look at a package at once, which it does not do while it pauses.

    Args:
        cluster: The cluster.
        entry: The package.
        state: What Crossplane makes of it: its revision, if it has to do with what is waited for.
        target: The target of the Crossplane line.
    """
    mark = {labels.NUDGED: f"{time.time():.3f}"}
    if state.revision and not state.is_read:
        cluster.annotate(revision_kind(entry.kind, target), state.revision, mark)
    else:
        cluster.annotate(package_kind(entry.kind, target), entry.name, mark)


def _touched(revision: Object) -> Object:
    waiting: dict[str, Plain] = {
        "status": "Unknown",
        "reason": _WAITING,
        "message": "Crossplane has not read what was pushed yet",
    }
    listed = kinds.fields(revision).under("status").values.get("conditions")
    return {
        # Crossplane may just be at it: its answer to the content before must not count.
        "metadata": {"resourceVersion": kinds.resource_version(revision)},
        "status": {
            "conditions": [
                {**one.values, **waiting} if one.text("type") in _READ else one.values
                for one in kinds.items(listed)
            ]
        },
    }
