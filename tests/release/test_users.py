"""The users of the containers that the filter adds, and of the pods of a runtimeImage."""

from __future__ import annotations

import re

import pytest
import yaml

from postrender.declared import devcache
from postrender.manifests import nodes
from tests.shared import manifests
from tests.shared.declarations import HEAD
from tests.shared.manifests import RENDERED
from tests.shared.paths import GOLDEN

OWN = "            runAsGroup: 65532\n            runAsUser: 65532\n"
OF_POD = "      securityContext:\n        runAsUser: 1000660000\n"

Context = dict[str, object]


def contexts(rendered: str, copier: str) -> tuple[Context, Context, Context]:
    """Return the securityContexts of the copier, of a runtime pod, and of its container."""
    spec = (
        f"{{copier: {{securityContext: {copier}}}, packages:"
        " {nop: {path: packages/nop, runtimeImage: x.io/nop:v1}}}"
    )
    config = devcache.load(f"{HEAD}spec: {spec}\n", where="")
    documents = list(yaml.load_all(manifests.modified(rendered, config, GOLDEN), nodes.LOADER))
    pods = [
        document["spec"]["template"]["spec"]
        for document in documents
        if document and document["kind"] == "Deployment"
    ]
    [added] = [
        container
        for pod in pods
        for container in pod.get("initContainers", [])
        if container["name"] == "devcache-copier"
    ]
    [runtime] = [
        document["spec"]["deploymentTemplate"]["spec"]["template"]["spec"]
        for document in documents
        if document and document["kind"] == "DeploymentRuntimeConfig"
    ]
    return (
        added["securityContext"],
        runtime["securityContext"],
        runtime["containers"][0]["securityContext"],
    )


def without_users(rendered: str) -> str:
    """Return the manifests of the chart with `runAsUser: null` and `runAsGroup: null`."""
    return re.sub(r" +runAs(?:User|Group): 65532\n", "", rendered)


RUNTIME = {"runAsUser": 2000, "runAsGroup": 2000}


@pytest.mark.parametrize(
    ("rendered", "copier", "of_copier", "of_runtime"),
    [
        pytest.param(
            RENDERED,
            "{}",
            {"runAsUser": 65532, "runAsGroup": 65532},
            RUNTIME,
            id="of-crossplanes-container",
        ),
        pytest.param(
            without_users(RENDERED).replace(
                "      serviceAccountName: crossplane\n",
                f"{OF_POD}      serviceAccountName: crossplane\n",
            ),
            "{}",
            {"runAsUser": 1000660000},
            RUNTIME,
            id="of-crossplanes-pod",
        ),
        pytest.param(without_users(RENDERED), "{}", {}, {}, id="none-on-openshift"),
        pytest.param(
            RENDERED.replace("runAsUser: 65532", "runAsUser: null"),
            "{}",
            {"runAsGroup": 65532},
            {},
            id="only-the-group",
        ),
        pytest.param(
            without_users(RENDERED),
            "{runAsUser: 65532}",
            {"runAsUser": 65532},
            {},
            id="declared-for-the-copier",
        ),
        pytest.param(
            RENDERED,
            "{runAsUser: null, runAsGroup: null}",
            {},
            RUNTIME,
            id="removed-from-the-copier",
        ),
    ],
)
def test_added_containers_have_the_user_of_crossplane_or_none(
    rendered: str, copier: str, of_copier: Context, of_runtime: Context
) -> None:
    users = [
        {key: value for key, value in context.items() if key in ("runAsUser", "runAsGroup")}
        for context in contexts(rendered, copier)
    ]
    assert users == [of_copier, of_runtime, of_runtime]


def test_a_pod_without_a_named_user_still_must_not_run_as_root() -> None:
    for context in contexts(without_users(RENDERED), "{}"):
        assert context["runAsNonRoot"] is True
