"""The sizeLimit of the cache volume."""

from __future__ import annotations

import pytest

from tests.shared import manifests
from tests.shared.manifests import RENDERED


@pytest.mark.parametrize(
    ("rendered", "spec", "message"),
    [
        pytest.param(
            RENDERED,
            "{cache: {readWrite: {sizeLimit: '10'}},packages: {network: {path: packages/network}}}",
            "bytes of the cache, but its sizeLimit is 10.*auto",
            id="cache-volume-too-small",
        ),
    ],
)
def test_refusals(rendered: str, spec: str, message: str) -> None:
    manifests.require_refusal(spec, rendered, message)
