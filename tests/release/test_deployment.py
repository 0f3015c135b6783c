"""The Deployment that runs Crossplane, among the rendered manifests."""

from __future__ import annotations

import pytest

from postrender.declared import devcache
from tests.shared import manifests
from tests.shared.manifests import RENDERED
from tests.shared.paths import GOLDEN

MERGED = """\
kind: Deployment
apiVersion: apps/v1
metadata: {{name: xp}}
spec:
  template:
    spec:
      containers:
      - name: crossplane
        args: [core, start]
        <<: {{{}}}
"""
"""A Deployment whose container has a merge key."""


def test_a_deployment_that_is_a_hook_is_not_crossplane() -> None:
    deployment = next(
        document for document in manifests.split(RENDERED) if "- start" in document.text
    )
    hook = deployment.text.replace(
        "metadata:\n", "metadata:\n  annotations: {helm.sh/hook: test}\n", 1
    ).replace("  name: crossplane\n", "  name: hook\n", 1)
    text = (GOLDEN / "devcache.yaml").read_text()
    config = devcache.load(text, where="")
    modified = manifests.modified(RENDERED + hook, config, GOLDEN)
    assert hook in modified


@pytest.mark.parametrize(
    ("rendered", "spec", "message"),
    [
        pytest.param("kind: A\n", "{}", "no Deployment.*core start", id="no-crossplane"),
        pytest.param(
            RENDERED + RENDERED, "{}", "more than one Deployment runs", id="two-crossplanes"
        ),
        pytest.param(
            RENDERED,
            "{cache: {readWrite: {volume: other}}}",
            'mounts no volume "other".*cache.readWrite.volume',
            id="no-such-cache-volume",
        ),
        pytest.param(
            RENDERED.replace(
                "- mountPath: /cache/xpkg", "- subPathExpr: x\n            mountPath: /cache/xpkg"
            ),
            "{}",
            "subPathExpr.*use subPath",
            id="a-mount-that-the-copier-cannot-follow",
        ),
        pytest.param(
            MERGED.format("image: x:v2.4.0"),
            "{}",
            "Deployment xp, line 10: .*merge key.*without YAML merge keys",
            id="a-merge-key-that-hides-the-image",
        ),
        pytest.param(
            MERGED.format("volumeMounts: []"),
            "{crossplaneVersion: '2.4'}",
            "Deployment xp, line 10: .*merge key.*without YAML merge keys",
            id="a-merge-key-that-hides-the-mounts",
        ),
        pytest.param(
            MERGED.format("x: y").replace("args:", "<<: {args:").replace("start]", "start]}"),
            "{}",
            "no Deployment.*merge keys.*which may hide it",
            id="a-merge-key-that-hides-the-arguments",
        ),
    ],
)
def test_refusals(rendered: str, spec: str, message: str) -> None:
    manifests.require_refusal(spec, rendered, message)
