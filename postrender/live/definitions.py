"""The CompositeResourceDefinitions of a revision, and the reason that one defines no API.

Crossplane reports a package as healthy once its definitions exist. It creates their CRDs later, and
reports a CRD that the API server rejects only by an event of the definition (Crossplane 1.14 to
2.4, internal/controller/apiextensions/definition/reconciler.go and offered/reconciler.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender.live import conditions, kinds
from postrender.live.kinds import CRDS, DEFINITIONS

if TYPE_CHECKING:
    from postrender.fields import Fields
    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Object
    from postrender.manifests.nodes import Plain

_REASONS = {"RenderCRD", "EstablishComposite", "OfferClaim"}
"""The reasons of the events about the CRDs of a definition."""


class Trouble(NamedTuple):
    """The reason that the definitions of a revision do not define all of their APIs.

    Attributes:
        rejection: The reason that Crossplane cannot create a CRD, or "".
        pending: The first definition whose CRDs Crossplane has not created yet, or "".
    """

    rejection: str = ""
    pending: str = ""

    def __str__(self) -> str:
        """Return the reason in one sentence, or ""."""
        return self.rejection or (self.pending and f"{self.pending} is not established yet")


NO_TROUBLE = Trouble()


def trouble(cluster: Cluster, revision: Object) -> Trouble:
    """Return the reason that the definitions of a revision do not define all of their APIs."""
    pending = ""
    for reference in kinds.items(kinds.fields(revision).under("status").values.get("objectRefs")):
        if reference.text("kind") != DEFINITIONS.kind:
            continue
        definition = cluster.get(DEFINITIONS, reference.text("name"))
        if definition is None or _is_established(definition, is_certain=True):
            continue
        # An event may report a failure that a later attempt has resolved.
        is_reported = _is_established(definition, is_certain=False)
        if is_reported and _has_schema(cluster, definition):
            continue
        name = f"{DEFINITIONS.kind} {kinds.name(definition)}"
        event = _last_event(cluster, definition)
        if event and event.text("type") == "Warning":
            return Trouble(f"{name}: {conditions.truncated(event.text('message'))}")
        if not (is_reported and event and _time(event) > _spec_time(definition)):
            pending = pending or name
    return Trouble(pending=pending)


def _is_established(definition: Object, *, is_certain: bool) -> bool:
    """Return whether a definition reports that its CRDs exist.

    Args:
        definition: The definition.
        is_certain: Whether its conditions must name the generation of the current spec. Before 2.0,
            conditions name no generation, and may concern an earlier spec.
    """
    reports = {
        condition.type: condition.is_current is True
        or (condition.is_current is None and not is_certain)
        for condition in conditions.of(definition)
        if condition.status == "True"
    }
    spec = kinds.fields(definition).under("spec")
    types = ["Established", *(["Offered"] if spec.values.get("claimNames") else [])]
    return all(reports.get(type_, False) for type_ in types)


def _last_event(cluster: Cluster, definition: Object) -> Fields | None:
    """Return the last event about the CRDs of the present spec, or None."""
    events = [
        event
        for event in map(kinds.fields, cluster.events(DEFINITIONS.kind, kinds.name(definition)))
        if event.text("reason") in _REASONS
    ]
    last = max(events, key=_order, default=None)
    return last if last and _time(last) >= _spec_time(definition) else None


def _has_schema(cluster: Cluster, definition: Object) -> bool:
    """Return whether the CRD of a definition has the schemas of the present spec.

    Crossplane adds fields to them. A client drops events if an object has too many.
    """
    crd = cluster.get(CRDS, kinds.name(definition)) or {}
    return kinds.includes(_properties(crd), _properties(definition))


def _properties(definition: Object) -> Plain:
    """Return the properties of `spec` and `status` in each version of a definition or CRD."""
    result: dict[str, Plain] = {}
    for version in kinds.items(kinds.fields(definition).under("spec").values.get("versions")):
        schema = version.under("schema").under("openAPIV3Schema").under("properties")
        result[version.text("name")] = {
            part: schema.under(part).under("properties").values for part in ("spec", "status")
        }
    return result


def _order(event: Fields) -> tuple[str, int]:
    version = event.under("metadata").text("resourceVersion")
    return _time(event), int(version) if version.isdecimal() else 0


def _time(event: Fields) -> str:
    """Return the time of the last occurrence of an event, in UTC, to the second."""
    series = event.under("series").text("lastObservedTime")
    return (event.text("lastTimestamp") or series or event.text("eventTime"))[:19]


def _spec_time(definition: Object) -> str:
    """Return the time of the last change of anything but the status, in UTC, to the second."""
    managers = kinds.items(kinds.fields(definition).under("metadata").values.get("managedFields"))
    times = [manager.text("time")[:19] for manager in managers if not manager.text("subresource")]
    return max(times, default="")
