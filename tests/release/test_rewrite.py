"""The rewrite of the Deployment that runs Crossplane."""

from __future__ import annotations

import pytest

from tests.shared import manifests
from tests.shared.manifests import RENDERED


@pytest.mark.parametrize(
    ("rendered", "spec", "message"),
    [
        pytest.param(
            RENDERED,
            "{cache: {readOnly: {mountPath: /tls/server}}}",
            "mount path /tls/server that is not ours",
            id="mount-path-taken",
        ),
        pytest.param(
            RENDERED.replace("name: tls-server-certs", "name: devcache"),
            "{}",
            "the volume devcache that is not ours",
            id="volume-name-taken",
        ),
    ],
)
def test_refusals(rendered: str, spec: str, message: str) -> None:
    manifests.require_refusal(spec, rendered, message)
