"""Package objects and revisions: their reported states, and nudges to read a package again."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from postrender import labels
from postrender.live import conditions, definitions, kinds, runtimes
from postrender.live.cluster import ConflictError
from postrender.live.definitions import NO_TROUBLE, Trouble
from postrender.live.kinds import package_kind, revision_kind

if TYPE_CHECKING:
    from postrender.crossplane.target import Target
    from postrender.live.cluster import Cluster
    from postrender.live.conditions import Condition
    from postrender.live.kinds import Kind, Object
    from postrender.manifests.nodes import Plain
    from postrender.payload.record import RecordedPackage

_READ_TYPES = ("Healthy", "RevisionHealthy")
"""The conditions that report the read of a revision's package, in 1.x and in 2.x."""

_RUNTIME_FAILURE = "runtime hook failed"
"""A part of the message of such a condition if Crossplane has accepted the package, but its pod
does not run (v1.14.5 and v1.20.13 internal/controller/pkg/revision/reconciler.go)."""

_PENDING_REASON = "Pushed"
"""The reason of a condition of `_READ_TYPES` until Crossplane has read the package again."""


@dataclass(frozen=True)
class State:
    """The state of a package that Crossplane reports.

    Attributes:
        revision: The name of the current revision, or "".
        resolved_package: The package that its reference resolves to, or "" if Crossplane does not
            report it.
        conditions: The conditions of the package object.
        read_conditions: The conditions of the revision that report the read of its package.
        definitions: The reason that its definitions do not define all of their APIs. Only
            `explained` sets it.
        runtime: The reason that a pod of the revision does not start or has an old image, or "".
            Only `explained` sets it.
    """

    revision: str
    resolved_package: str
    conditions: tuple[Condition, ...]
    read_conditions: tuple[Condition, ...]
    definitions: Trouble = NO_TROUBLE
    runtime: str = ""

    @property
    def is_read(self) -> bool:
        """Whether the revision reports that Crossplane has read and accepted the package."""
        conditions = self.read_conditions
        return bool(conditions) and all(condition.status == "True" for condition in conditions)

    @property
    def is_reported_healthy(self) -> bool:
        """Whether Crossplane has read the package and reports it as installed and healthy."""
        statuses = {condition.type: condition.status for condition in self.conditions}
        return self.is_read and statuses.get("Installed") == statuses.get("Healthy") == "True"

    @property
    def is_healthy(self) -> bool:
        """Whether Crossplane reports the package as healthy, and its APIs and pods work."""
        return self.is_reported_healthy and self.definitions == NO_TROUBLE and not self.runtime

    @property
    def refusal(self) -> str:
        """The reason for which Crossplane or the API server refuses the package, or ""."""
        failures = (
            *(
                condition
                for condition in self.read_conditions
                if condition.has_failed and _RUNTIME_FAILURE not in condition.message
            ),
            *self.failures,
        )
        explanations = (condition.explanation for condition in failures)
        return next(explanations, self.definitions.rejection)

    @property
    def failures(self) -> tuple[Condition, ...]:
        """The failures before the first revision: Crossplane could not get or read the package."""
        return tuple(
            condition
            for condition in self.conditions
            if condition.type == "Installed" and condition.has_failed
        )

    @property
    def trouble(self) -> str:
        """The reason that the package is not healthy, if it is reported, or ""."""
        explanations = (
            condition.explanation for condition in self.conditions if condition.status != "True"
        )
        reasons = (self.refusal, self.runtime, *explanations, str(self.definitions))
        return next(filter(None, reasons), "")

    @property
    def summary(self) -> str:
        """`Healthy`, or the reason that the package is not healthy."""
        return "Healthy" if self.is_healthy else self.trouble or "not installed"


ABSENT = State("", "", (), ())
"""The state of a package without a package object."""


def state(cluster: Cluster, entry: RecordedPackage, target: Target) -> State:
    """Return the state of a package, regardless of the creator of its package object."""
    package = _package(cluster, entry, target)
    if package is None:
        return ABSENT
    status = kinds.fields(package).under("status")
    name = status.text("currentRevision")
    revision = cluster.get(revision_kind(entry.kind, target), name) if name else None
    return State(
        revision=name,
        resolved_package=status.text("resolvedPackage"),
        conditions=conditions.of(package),
        read_conditions=tuple(
            condition
            for condition in (conditions.of(revision) if revision else ())
            if condition.type in _READ_TYPES
        ),
    )


def explained(cluster: Cluster, state: State, entry: RecordedPackage, target: Target) -> State:
    """Return a state with the reasons that the conditions of Crossplane do not have.

    Args:
        cluster: The cluster.
        state: The state of a package.
        entry: The package.
        target: The target of the Crossplane line.
    """
    if state.is_reported_healthy:
        revision = cluster.get(revision_kind(entry.kind, target), state.revision)
        image = entry.image
        return replace(
            state,
            definitions=definitions.trouble(cluster, revision or {}),
            runtime=runtimes.outdated(cluster, state.revision, image) if image else "",
        )
    if state.revision and not state.refusal:
        return replace(state, runtime=runtimes.trouble(cluster, state.revision))
    return state


def _package(cluster: Cluster, entry: RecordedPackage, target: Target) -> Object | None:
    kind = package_kind(entry.kind, target)
    if entry.install:
        return cluster.get(kind, entry.name)
    for package in cluster.select(kind, {}):
        if kinds.fields(package).under("spec").text("package") == entry.package:
            return package
    return None


def names(cluster: Cluster, kind: str, target: Target) -> set[str]:
    """Return the names of all revisions of a kind of packages, including the inactive ones."""
    return {kinds.name(revision) for revision in cluster.select(revision_kind(kind, target), {})}


def touch(cluster: Cluster, kind: Kind, name: str) -> None:
    """Make Crossplane read the package of a revision again, and report the result.

    Crossplane reads the package after any change of the revision. This change also resets the
    conditions about the previous read, so that later conditions concern the new content. There is
    only one change: a second change would conflict with the reconciliation that the first change
    starts, and Crossplane would back off for a second.
    """
    while revision := cluster.get(kind, name):
        try:
            cluster.patch(kind, name, _touch_patch(revision), status=True)
        except ConflictError:
            continue
        return


def nudge(cluster: Cluster, entry: RecordedPackage, state: State, target: Target) -> None:
    """Make Crossplane reconcile a package at once, even while it backs off.

    Args:
        cluster: The cluster.
        entry: The package.
        state: The state of the package, or `ABSENT` if its revision has another content.
        target: The target of the Crossplane line.
    """
    annotations = {labels.NUDGED: f"{time.time():.3f}"}
    if state.revision and not state.is_read:
        cluster.annotate(revision_kind(entry.kind, target), state.revision, annotations)
    else:
        cluster.annotate(package_kind(entry.kind, target), entry.name, annotations)


def _touch_patch(revision: Object) -> Object:
    pending: dict[str, Plain] = {
        "status": "Unknown",
        "reason": _PENDING_REASON,
        "message": "Crossplane has not read the pushed content yet",
    }
    conditions = kinds.fields(revision).under("status").values.get("conditions")
    return {
        # Crossplane may be reading the previous content: that report must not count.
        "metadata": {"resourceVersion": kinds.resource_version(revision)},
        "status": {
            "conditions": [
                condition.values | (pending if condition.text("type") in _READ_TYPES else {})
                for condition in kinds.items(conditions)
            ]
        },
    }
