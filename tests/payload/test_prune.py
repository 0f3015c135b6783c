"""Pruning: the ConfigMaps that no object references any more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from postrender.commands import payload
from postrender.errors import DevcacheError
from tests.shared.manifests import config_maps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.shared.declarations import Declare

LABELS = {
    "app.kubernetes.io/part-of": "crossplane-devcache",
    "app.kubernetes.io/component": "payload",
}


def listed(*objects: Mapping[str, object]) -> bytes:
    """Return kubectl's list of these objects, with a Deployment and a ReplicaSet."""
    items = [item("Deployment", "d"), item("ReplicaSet", "r"), *objects]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode()


def item(
    kind: str, name: str, *references: str, labels: Mapping[str, str] = LABELS, namespace: str = "x"
) -> dict[str, object]:
    projected = {"sources": [{"configMap": {"name": reference}} for reference in references]}
    return {
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {"template": {"spec": {"volumes": [{"projected": projected}]}}},
        "data": {"secret": "hunter2"},
    }


OLD, NEW, OTHER = (f"crossplane-devcache-{digit * 16}" for digit in "123")


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([item("ConfigMap", OLD)], [OLD], id="unreferenced"),
        pytest.param(
            [item("ConfigMap", NEW), item("ConfigMap", OLD), item("Pod", "p", NEW, "other")],
            [OLD],
            id="a-pod",
        ),
        pytest.param(
            [item("ConfigMap", OLD), item("ReplicaSet", "old", OLD)],
            [],
            id="a-replica-set-that-a-rollback-needs",
        ),
        pytest.param([item("ConfigMap", OLD), item("Job", "j", OLD)], [], id="any-other-kind"),
        pytest.param(
            [item("ConfigMap", OLD, OLD), item("ConfigMap", NEW, OLD)],
            [OLD, NEW],
            id="config-maps-reference-nothing",
        ),
        pytest.param(
            [item("ConfigMap", OLD, labels={"app.kubernetes.io/part-of": "crossplane-devcache"})],
            [],
            id="without-the-label",
        ),
        pytest.param(
            [item("ConfigMap", "crossplane-devcache"), item("ConfigMap", f"{OLD} --all")],
            [],
            id="another-name",
        ),
        pytest.param([item("Secret", OLD)], [], id="of-another-kind"),
    ],
)
def test_unreferenced_config_maps_are_listed(
    declare: Declare, objects: list[dict[str, object]], expected: list[str]
) -> None:
    output = payload.run(config=declare(), prune=True, listed=listed(*objects))
    assert output == "".join(f"configmap/{name}\n" for name in expected)


def test_declared_config_maps_are_not_listed_unless_the_payload_is_in_the_release(
    declare: Declare,
) -> None:
    names = sorted(config_maps(payload.run(config=declare())))
    objects = listed(*(item("ConfigMap", name) for name in [OTHER, *names]))
    output = payload.run(config=declare(), prune=True, namespace="x", listed=objects)
    assert output == f"configmap/{OTHER}\n"
    undeclared = payload.run(config=declare("release"), prune=True, listed=objects)
    assert undeclared.split() == [f"configmap/{name}" for name in sorted([OTHER, *names])]


@pytest.mark.parametrize(
    ("listing", "problem"),
    [
        pytest.param(b"", "is not JSON", id="nothing"),
        pytest.param(b"kind: List\nitems: [hunter2]\n", "is not JSON", id="yaml"),
        pytest.param(b"\xff", "is not UTF-8", id="bytes"),
        pytest.param(b"[" * 100_000, "is not JSON", id="nested-without-end"),
        pytest.param(b'{"items": [' + b"1" * 5_000 + b"]}", "is not JSON", id="endless-number"),
        pytest.param(b"[]", "an object is not a mapping", id="no-object"),
        pytest.param(
            json.dumps(item("ConfigMap", OLD)).encode(), "is not a list of objects", id="one-object"
        ),
        pytest.param(b'{"items": ["hunter2"]}', "an object is not a mapping", id="items"),
        pytest.param(b'{"items": [{"kind": 1}]}', "kind is not a string", id="kind"),
        pytest.param(b'{"items": []}', "lists no Deployment", id="nothing-listed"),
        pytest.param(
            listed(item("ConfigMap", OLD)).replace(b'"ReplicaSet"', b'"Pod"'),
            "lists no ReplicaSet",
            id="no-replica-sets",
        ),
        pytest.param(
            listed(item("ConfigMap", OLD, namespace="y")),
            "more than one namespace",
            id="several-namespaces",
        ),
        pytest.param(
            listed().replace(b'"namespace": "x"', b'"namespace": "y"'),
            "a namespace other than --namespace",
            id="another-namespace",
        ),
    ],
)
def test_a_list_that_may_lack_references_is_refused(
    declare: Declare, listing: bytes, problem: str
) -> None:
    with pytest.raises(DevcacheError, match=problem) as refused:
        payload.run(config=declare(), namespace="x", prune=True, listed=listing)
    assert refused.value.where.startswith("stdin")
    assert "hunter2" not in str(refused.value)
