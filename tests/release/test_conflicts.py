"""Conflicts of the added objects with the rest of the release."""

from __future__ import annotations

import pytest

from tests.shared import manifests
from tests.shared.manifests import RENDERED


@pytest.mark.parametrize(
    ("rendered", "spec", "message"),
    [
        pytest.param(
            RENDERED
            + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: crossplane-devcache}\n",
            "{}",
            'ConfigMap "crossplane-devcache" that is not ours',
            id="config-map-name-taken",
        ),
        pytest.param(
            RENDERED
            + "---\napiVersion: pkg.crossplane.io/v1\nkind: ImageConfig\n"
            + "metadata: {name: devcache-network}\n",
            "{packages: {network: {path: packages/network}}}",
            'ImageConfig "devcache-network" that is not ours',
            id="image-config-name-taken",
        ),
        pytest.param(
            RENDERED
            + "---\napiVersion: pkg.crossplane.io/v1\nkind: Configuration\n"
            + "metadata: {name: other}\n"
            + "spec: {package: 'xpkg.devcache.local/network:v1'}\n",
            "{packages: {network: {path: packages/network}}}",
            "installed by Configuration other, too",
            id="source-installed-by-another-object",
        ),
    ],
)
def test_refusals(rendered: str, spec: str, message: str) -> None:
    manifests.require_refusal(spec, rendered, message)
