"""Deployments of unusual shapes: only the additions are new, and a second pass changes nothing."""

from __future__ import annotations

import json

import pytest
import yaml

from postrender import labels
from postrender.declared import devcache
from postrender.release.rewrite import SIDECAR
from tests.shared import manifests
from tests.shared.declarations import HEAD
from tests.shared.paths import GOLDEN

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: crossplane
spec:
  template:
    metadata:
      annotations:
        foo: bar
    spec:
      initContainers:
      - name: init
        image: crossplane:v2.4.2
      containers:
      - name: crossplane
        image: crossplane:v2.4.2
        args: [core, start]
        volumeMounts:
        - name: package-cache
          mountPath: /cache/xpkg
      volumes:
      - name: package-cache
        emptyDir:
          sizeLimit: 20Mi
"""

ANNOTATIONS = "      annotations:\n        foo: bar\n"
INIT = "      initContainers:\n      - name: init\n        image: crossplane:v2.4.2\n"
METADATA = f"    metadata:\n{ANNOTATIONS}"
SIZE_LIMIT = "        emptyDir:\n          sizeLimit: 20Mi\n"

LIMIT = "{cache: {readWrite: {sizeLimit: 64Mi}}}"

SHAPES = {
    "as-most": (DEPLOYMENT, "{}"),
    "limit-below-the-last-volume": (
        DEPLOYMENT.replace("sizeLimit: 20Mi", "medium: Memory"),
        LIMIT,
    ),
    "empty-limit": (DEPLOYMENT.replace("sizeLimit: 20Mi", "sizeLimit:"), LIMIT),
    "limit-as-block-scalar": (
        DEPLOYMENT.replace("sizeLimit: 20Mi", "sizeLimit: |-\n            20Mi"),
        LIMIT,
    ),
    "no-init-containers": (DEPLOYMENT.replace(INIT, ""), "{}"),
    "no-metadata": (DEPLOYMENT.replace(METADATA, ""), "{}"),
    "metadata-last": (DEPLOYMENT.replace(METADATA, "") + METADATA, "{}"),
    "metadata-first-and-no-init-containers": (DEPLOYMENT.replace(INIT, ""), LIMIT),
    "anchored-volumes": (DEPLOYMENT.replace("volumes:\n", "volumes: &v\n"), "{}"),
    "anchored-annotations-with-null": (
        DEPLOYMENT.replace("annotations:\n        foo: bar", "annotations: &a\n        foo:"),
        "{}",
    ),
    "anchored-annotations-with-literal": (
        DEPLOYMENT.replace(
            "annotations:\n        foo: bar", "annotations: &a\n        foo: |\n          bar"
        ),
        "{}",
    ),
    "tagged-metadata": (DEPLOYMENT.replace("    metadata:\n", "    metadata: !!map\n"), "{}"),
    "explicit-key": (DEPLOYMENT.replace(ANNOTATIONS, "      ? annotations\n"), "{}"),
    "last-key-without-value": (DEPLOYMENT.replace("foo: bar", "? foo"), "{}"),
    "byte-order-mark": ("\ufeff" + DEPLOYMENT, "{}"),
    "carriage-returns": (DEPLOYMENT.replace("\n", "\r\n"), "{}"),
    "flow-style": (yaml.safe_dump(yaml.safe_load(DEPLOYMENT), default_flow_style=True), LIMIT),
    "json": (json.dumps(yaml.safe_load(DEPLOYMENT)), LIMIT),
    "ends-in-a-literal": (DEPLOYMENT + "  description: |\n    text\n    and more", "{}"),
    "two-line-breaks-in-the-copier": (
        DEPLOYMENT,
        r'{copier: {securityContext: {seLinuxOptions: {user: "a\n\n"}}}}',
    ),
    "live": (DEPLOYMENT.replace(INIT, ""), "{live: true}"),
}


@pytest.mark.parametrize(("deployment", "spec"), SHAPES.values(), ids=SHAPES)
def test_only_the_additions_are_new(deployment: str, spec: str) -> None:
    config = devcache.load(f"{HEAD}spec: {spec}\n", where="devcache.yaml")
    modified = manifests.modified(deployment, config, GOLDEN)
    after = next(yaml.safe_load_all(modified))
    assert manifests.without_additions(after) == manifests.without_additions(
        yaml.safe_load(deployment)
    )
    template = after["spec"]["template"]
    pod = template["spec"]
    assert labels.CHECKSUM in template["metadata"]["annotations"]
    assert {"init", "devcache-copier"} >= {c["name"] for c in pod["initContainers"]} - {SIDECAR}
    assert [volume["name"] for volume in pod["volumes"]] == ["package-cache", "devcache"]
    assert pod["containers"][0]["volumeMounts"][-1]["name"] == "devcache"
    if spec == LIMIT:
        assert pod["volumes"][0]["emptyDir"]["sizeLimit"] == "64Mi"
    assert manifests.modified(modified, config, GOLDEN) == modified


REFUSED = {
    "alias": (
        DEPLOYMENT.replace("foo: bar", "foo: &a bar\n        b: *a"),
        10,
        "uses a YAML alias",
    ),
    "merge-key": (
        DEPLOYMENT.replace("        foo: bar", "        <<: {foo: s3cret}"),
        9,
        "has a YAML merge key",
    ),
    "text-for-a-list": (
        DEPLOYMENT.replace(INIT, '      initContainers: ""\n'),
        11,
        "is not the list",
    ),
}


@pytest.mark.parametrize(("deployment", "line", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_names_the_line_of_the_stream(deployment: str, line: int, problem: str) -> None:
    error = manifests.refusal("{}", f"a: b\n---\n{deployment}")
    assert str(error).startswith(f"Deployment crossplane, line {line + 2}")
    assert problem in str(error)


def test_a_literal_at_the_end_of_the_stream_keeps_its_value() -> None:
    config = devcache.load(f"{HEAD}spec: {{}}\n", where="devcache.yaml")
    other = "kind: ConfigMap\ndata:\n  a: |\n    text"
    modified = manifests.modified(f"{DEPLOYMENT}---\n{other}", config, GOLDEN)
    documents = list(yaml.safe_load_all(modified))
    assert documents[1] == yaml.safe_load(other)
