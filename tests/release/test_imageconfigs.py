"""ImageConfigs of the release that keep a local package from becoming healthy."""

from __future__ import annotations

import re

import pytest

from postrender.declared import devcache
from tests.shared import manifests
from tests.shared.declarations import HEAD
from tests.shared.paths import DATA, GOLDEN

XPKG = DATA / "xpkg" / "provider-with-runtime.xpkg"

NETWORK = "network: {path: packages/network}"
NOP = "nop: {path: packages/nop, package: 'x.io/nop:v1', runtimeImage: 'x.io/run:v1'}"
PUSHED = f"nop: {{path: {XPKG}, package: 'x.io/nop:v1'}}"

REWRITE = "rewriteImage: {prefix: x.io/a}"
RUNTIME = "runtime: {configRef: {name: default}}"
VERIFICATION = "verification: {provider: Cosign, cosign: {authorities: []}}"
OTHER_USES = f"registry: {{authentication: {{pullSecretRef: {{name: x}}}}}}, {VERIFICATION}"

FLAG = "--enable-signature-verification"


def rendered(line: str, prefix: str, use: str, *arguments: str) -> str:
    """Return the manifests of a line with more arguments, and with an ImageConfig."""
    chart = (GOLDEN / f"crossplane-{line}" / "input-helm3.yaml").read_text()
    start = re.search(r"\n( +)- start\n", chart)
    assert start
    added = "".join(f"{start[1]}- {argument}\n" for argument in arguments)
    return (
        f"{chart[: start.end()]}{added}{chart[start.end() :]}"
        "---\napiVersion: pkg.crossplane.io/v1beta1\nkind: ImageConfig\n"
        "metadata: {name: hand-made}\n"
        f"spec: {{matchImages: [{{prefix: y.io}}, {{prefix: '{prefix}'}}], {use}}}\n"
    )


@pytest.mark.parametrize(
    ("manifest", "package", "message"),
    [
        pytest.param(
            rendered("2.4", "xpkg.devcache.local/network:v0.0.0", REWRITE),
            NETWORK,
            'also rewrites "xpkg.devcache.local/network:v0.0.0", and',
            id="the-same-prefix",
        ),
        pytest.param(
            rendered("2.4", "x.io/", RUNTIME),
            NOP,
            "its runtime replaces the runtimeImage of the local package nop",
            id="a-runtime",
        ),
        pytest.param(
            rendered("2.1", "xpkg.devcache.local/", VERIFICATION, FLAG),
            NETWORK,
            "verifies the local package network, which no registry has",
            id="a-verification",
        ),
        pytest.param(
            rendered("1.18", "xpkg.devcache.local/network:v", VERIFICATION, f"{FLAG}=true"),
            NETWORK,
            "verifies the local package network",
            id="a-verification-in-1.18",
        ),
    ],
)
def test_refusals(manifest: str, package: str, message: str) -> None:
    manifests.require_refusal(f"{{packages: {{{package}}}}}", manifest, message)


ADMITTED = [
    pytest.param("2.4", "xpkg.devcache.local/network:v0.0", REWRITE, NETWORK, id="shorter"),
    pytest.param(
        "2.1", "xpkg.devcache.local/network:v0.0.0", REWRITE, NETWORK, id="rewrite-in-2.1"
    ),
    pytest.param("2.4", "xpkg.devcache.local/network:v0.0.0", OTHER_USES, NETWORK, id="other-uses"),
    pytest.param("2.4", "x.io/nop:v1", RUNTIME, NOP, id="runtime-of-the-tag"),
    pytest.param("2.4", "x.io/", RUNTIME, NETWORK, id="runtime-of-another-source"),
    pytest.param(
        "2.4", "x.io/", RUNTIME, f"{NOP[:-1]}, install: false}}", id="runtime-not-installed"
    ),
    pytest.param("2.1", "x.io/", RUNTIME, NOP, id="runtime-in-2.1"),
    pytest.param("2.4", "x.io/", RUNTIME, PUSHED, id="runtime-without-a-runtime-image"),
]


@pytest.mark.parametrize(("line", "prefix", "use", "package"), ADMITTED)
def test_an_image_config_that_changes_nothing_for_a_package_is_admitted(
    line: str, prefix: str, use: str, package: str
) -> None:
    require_admitted(rendered(line, prefix, use), package)


@pytest.mark.parametrize(
    ("line", "argument", "prefix", "package"),
    [
        pytest.param("2.2", FLAG, "", NETWORK, id="only-what-is-pulled-since-2.2"),
        pytest.param("2.1", "--debug", "", NETWORK, id="without-the-flag"),
        pytest.param("2.1", f"{FLAG}=false", "", NETWORK, id="switched-off"),
        pytest.param("2.1", FLAG, "x.io/", NETWORK, id="another-source"),
        pytest.param("2.1", FLAG, "x.io/", PUSHED, id="a-file-that-a-registry-may-have"),
        pytest.param("2.1", FLAG, "", f"{NETWORK[:-1]}, install: false}}", id="not-installed"),
        pytest.param("1.14", FLAG, "", NETWORK, id="before-1.18"),
    ],
)
def test_a_verification_that_crossplane_does_not_wait_for_is_admitted(
    line: str, argument: str, prefix: str, package: str
) -> None:
    covering = prefix or "xpkg.devcache.local/"
    require_admitted(rendered(line, covering, VERIFICATION, argument), package)


def require_admitted(manifest: str, package: str) -> None:
    """Check that the filter accepts manifests, and keeps their ImageConfig."""
    declared = devcache.load(f"{HEAD}spec: {{packages: {{{package}}}}}\n", where="devcache.yaml")
    modified = manifests.modified(manifest, declared, GOLDEN)
    assert manifest[manifest.rindex("---") :] in modified
