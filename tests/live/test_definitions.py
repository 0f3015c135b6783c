"""Tests of the definitions of a revision: which of them define no API, and the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postrender.live import definitions
from postrender.live.cluster import Cluster
from postrender.live.definitions import NO_TROUBLE, Trouble
from tests.shared import api_http
from tests.shared.api_server import ApiServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.manifests.nodes import Plain
    from tests.shared.api_server import Object

NAME = "xnetworks.example.org"
KIND = "CompositeResourceDefinition"
REJECTED = Trouble(f"{KIND} {NAME}: cannot apply CRD: type is unsupported")
PENDING = Trouble(pending=f"{KIND} {NAME}")
EARLIER, LATER = "2026-01-01T10:00:00Z", "2026-01-01T10:00:05Z"


def schema(field: str, **more: Plain) -> Object:
    """Return the spec of a definition or CRD with one field in its API."""
    fields: Object = {field: {"type": "string"}, **more}
    properties: Object = {"spec": {"type": "object", "properties": fields}}
    version: Object = {"name": "v1", "schema": {"openAPIV3Schema": {"properties": properties}}}
    return {"versions": [version]}


SPEC = schema("size")


class Server(ApiServer):
    """An API server with a definition that changed its spec at `EARLIER`."""

    def define(self, *reports: Object, claims: bool = False) -> None:
        managers: list[Plain] = [
            {"manager": "crossplane", "time": EARLIER},
            {"manager": "crossplane", "time": "2030-01-01T00:00:00Z", "subresource": "status"},
        ]
        self.objects["compositeresourcedefinitions", NAME] = {
            "metadata": {"name": NAME, "generation": 2, "managedFields": managers},
            "spec": {**SPEC, **({"claimNames": {"kind": "Network"}} if claims else {})},
            "status": {"conditions": list(reports)},
        }

    def create_crd(self, spec: Object) -> None:
        self.objects["customresourcedefinitions", NAME] = {"metadata": {"name": NAME}, "spec": spec}

    def report(self, **fields: Plain) -> None:
        number = str(len(self.objects))
        about: Object = {"kind": KIND, "name": NAME}
        metadata: Object = {"name": number, "resourceVersion": number}
        event: Object = {"metadata": metadata, "involvedObject": about, **fields}
        self.objects["events", number] = event


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def cluster(server: Server, tmp_path: Path) -> Iterator[Cluster]:
    with api_http.current_context(server.answer, tmp_path):
        yield Cluster("", "crossplane-system")


REVISION: Object = {
    "status": {
        "objectRefs": [
            {"apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition", "name": NAME},
            {"apiVersion": "apiextensions.crossplane.io/v1", "kind": KIND, "name": NAME},
        ]
    }
}


def condition(kind: str, generation: int | None) -> Object:
    """Return a true condition that names a generation, or none."""
    observed: Object = {} if generation is None else {"observedGeneration": generation}
    return {"type": kind, "status": "True", "reason": "WatchingCompositeResource", **observed}


def event(kind: str, time: str, **fields: Plain) -> Object:
    reason = {"Warning": "cannot apply CRD: type is unsupported", "Normal": "Applied"}[kind]
    default: Object = {"type": kind, "reason": "EstablishComposite", "message": reason}
    return {**default, "lastTimestamp": time, **fields}


ESTABLISHED, OLD, UNNUMBERED = (condition("Established", number) for number in (2, 1, None))


@pytest.mark.parametrize(
    ("reports", "events", "trouble"),
    [
        pytest.param([], [], PENDING, id="new"),
        pytest.param([ESTABLISHED], [], NO_TROUBLE, id="established"),
        pytest.param(
            [ESTABLISHED],
            [event("Warning", LATER)],
            NO_TROUBLE,
            id="established-after-a-temporary-failure",
        ),
        pytest.param([OLD], [], PENDING, id="only-the-earlier-spec-is-established"),
        pytest.param([OLD], [event("Warning", LATER)], REJECTED, id="the-changed-spec-is-rejected"),
        pytest.param([], [event("Warning", LATER)], REJECTED, id="the-first-spec-is-rejected"),
        pytest.param([UNNUMBERED], [], PENDING, id="before-2.0-not-reported-yet"),
        pytest.param(
            [UNNUMBERED], [event("Normal", LATER)], NO_TROUBLE, id="before-2.0-established"
        ),
        pytest.param(
            [UNNUMBERED],
            [event("Normal", EARLIER)],
            PENDING,
            id="before-2.0-perhaps-about-the-earlier-spec",
        ),
        pytest.param(
            [UNNUMBERED], [event("Warning", LATER)], REJECTED, id="before-2.0-changed-and-rejected"
        ),
        pytest.param(
            [UNNUMBERED],
            [event("Warning", LATER), event("Normal", LATER)],
            NO_TROUBLE,
            id="before-2.0-corrected-within-a-second",
        ),
        pytest.param(
            [UNNUMBERED],
            [event("Warning", "2026-01-01T09:59:59Z")],
            PENDING,
            id="before-2.0-the-event-is-older-than-the-spec",
        ),
        pytest.param(
            [],
            [event("Warning", "", lastTimestamp=None, eventTime="2026-01-01T10:00:05.123456Z")],
            REJECTED,
            id="an-event-of-the-new-api",
        ),
        pytest.param(
            [],
            [event("Warning", LATER, reason="TerminateComposite")],
            PENDING,
            id="an-event-about-something-else",
        ),
    ],
)
def test_a_definition_without_an_api_is_trouble(
    server: Server,
    cluster: Cluster,
    reports: list[Object],
    events: list[Object],
    trouble: Trouble,
) -> None:
    server.define(*reports)
    for fields in events:
        server.report(**fields)
    assert definitions.trouble(cluster, REVISION) == trouble


@pytest.mark.parametrize(
    ("crd", "trouble"),
    [
        pytest.param(schema("size", ref={"type": "object"}), NO_TROUBLE, id="with-added-fields"),
        pytest.param(schema("old"), PENDING, id="of-an-earlier-spec"),
        pytest.param({}, PENDING, id="without-versions"),
    ],
)
def test_before_2_0_the_crd_tells_that_a_definition_is_established(
    server: Server, cluster: Cluster, crd: Object, trouble: Trouble
) -> None:
    server.define(UNNUMBERED)
    server.create_crd(crd)
    assert definitions.trouble(cluster, REVISION) == trouble
    server.report(**event("Warning", LATER))  # e.g. a conflict, which the next attempt resolves
    assert definitions.trouble(cluster, REVISION) == (
        REJECTED if trouble == PENDING else NO_TROUBLE
    )


@pytest.mark.parametrize(
    ("reports", "trouble"),
    [
        pytest.param([ESTABLISHED], PENDING, id="not-offered"),
        pytest.param([ESTABLISHED, condition("Offered", 2)], NO_TROUBLE, id="offered"),
    ],
)
def test_a_definition_with_claims_must_offer_them(
    server: Server, cluster: Cluster, reports: list[Object], trouble: Trouble
) -> None:
    server.define(*reports, claims=True)
    assert definitions.trouble(cluster, REVISION) == trouble


def test_the_message_is_one_line_and_truncated(server: Server, cluster: Cluster) -> None:
    server.define()
    server.report(**event("Warning", LATER, message="a\nb" + "c" * 1000))
    rejection = definitions.trouble(cluster, REVISION).rejection
    assert rejection.startswith(f"{KIND} {NAME}: a bccc")
    assert len(rejection) < 500


def test_a_revision_without_definitions_or_with_deleted_ones_is_no_trouble(
    cluster: Cluster,
) -> None:
    assert definitions.trouble(cluster, {}) == NO_TROUBLE
    assert definitions.trouble(cluster, REVISION) == NO_TROUBLE
