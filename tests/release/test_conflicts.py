"""Conflicts of the added objects with the rest of the release."""

from __future__ import annotations

import pytest

from postrender.declared import devcache
from tests.shared import manifests
from tests.shared.declarations import HEAD
from tests.shared.manifests import RENDERED
from tests.shared.paths import GOLDEN


def image_config(prefix: str, spec: str = "rewriteImage: {prefix: x.io/a}") -> str:
    """Return an ImageConfig of the release that matches a prefix."""
    return (
        "---\napiVersion: pkg.crossplane.io/v1beta1\nkind: ImageConfig\n"
        "metadata: {name: hand-made}\n"
        f"spec: {{matchImages: [{{prefix: x.io}}, {{prefix: '{prefix}'}}], {spec}}}\n"
    )


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
            RENDERED + image_config("xpkg.devcache.local/network:v0.0.0"),
            "{packages: {network: {path: packages/network}}}",
            'rewrites "xpkg.devcache.local/network:v0.0.0", too',
            id="image-config-with-the-same-prefix",
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


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(image_config("xpkg.devcache.local/network:v0.0"), id="shorter"),
        pytest.param(
            image_config(
                "xpkg.devcache.local/network:v0.0.0",
                "registry: {authentication: {pullSecretRef: {name: x}}}",
            ),
            id="no-rewrite",
        ),
    ],
)
def test_an_image_config_that_changes_nothing_for_a_package_is_admitted(config: str) -> None:
    text = f"{HEAD}spec: {{packages: {{network: {{path: packages/network}}}}}}\n"
    declared = devcache.load(text, where="devcache.yaml")
    assert config in manifests.modified(RENDERED + config, declared, GOLDEN)
