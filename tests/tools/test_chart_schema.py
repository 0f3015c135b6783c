"""Values that values.schema.json refuses and admits, in Helm 3 and Helm 4."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.shared.programs import CHART, KUBERNETES, both_helms, run, values_at

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.shared.programs import Plain

pytestmark = pytest.mark.linux  # tools/build.sh

LABEL = "a" * 63
PACKAGE: dict[str, Plain] = {"path": "./platform"}
NAMES = "devcache.packages"
PLATFORM = "devcache.packages.platform"
IMAGE = "devcache.copier.image"
READ_ONLY = "devcache.cache.readOnly"
READ_WRITE = "devcache.cache.readWrite"


@both_helms
@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("devcash", {"packages": {}}, "additional properties 'devcash' not allowed"),
        ("global", "x", "got string, want object"),
        ("crossplane.enabled", "false", "got string, want boolean"),
        ("devcache", [], "got array, want object"),
        ("devcache.lively", False, "additional properties 'lively' not allowed"),
        (NAMES, [], "got array, want object"),
        (f"{NAMES}.a_b", PACKAGE, "additional properties 'a_b' not allowed"),
        (f"{NAMES}.Platform", PACKAGE, "additional properties 'Platform' not allowed"),
        (f"{NAMES}.-a", PACKAGE, "additional properties '-a' not allowed"),
        (f"{NAMES}.a-", PACKAGE, "additional properties 'a-' not allowed"),
        (f"{NAMES}.{LABEL}a", PACKAGE, f"additional properties '{LABEL}a' not allowed"),
        (PLATFORM, "./platform", "got string, want null or object"),
        (f"{NAMES}.other", {"install": True}, "missing property 'path'"),
        (f"{PLATFORM}.pth", "x", "additional properties 'pth' not allowed"),
        (f"{PLATFORM}.path", "", "minLength: got 0, want 1"),
        (f"{PLATFORM}.path", 1, "got number, want string"),
        (f"{PLATFORM}.path", None, "got null, want string"),
        (f"{PLATFORM}.ignore", "*.md", "got string, want null or array"),
        (f"{PLATFORM}.ignore", [1], "got number, want string"),
        (f"{PLATFORM}.ignore", [""], "minLength: got 0, want 1"),
        (f"{PLATFORM}.package", 1, "got number, want null or string"),
        (f"{PLATFORM}.package", "a b", "'a b' does not match pattern"),
        (f"{PLATFORM}.package", "a\nb", "does not match pattern"),
        (f"{PLATFORM}.package", "a\u2028", "does not match pattern"),
        (f"{PLATFORM}.install", "no", "got string, want null or boolean"),
        (f"{PLATFORM}.runtimeImage", 1, "got number, want null or string"),
        (f"{PLATFORM}.runtimeImage", "a b", "'a b' does not match pattern"),
        (f"{PLATFORM}.runtimeResources", "1Gi", "got string, want null or object"),
        (f"{PLATFORM}.spec", [], "got array, want null or object"),
        (f"{PLATFORM}.spec.package", "a", "got string, want null"),
        (f"{PLATFORM}.spec.packagePullPolicy", "Always", "got string, want null"),
        ("devcache.cache", "x", "got string, want object"),
        ("devcache.cache.x", 1, "additional properties 'x' not allowed"),
        (READ_ONLY, "x", "got string, want object"),
        (f"{READ_ONLY}.x", 1, "additional properties 'x' not allowed"),
        (f"{READ_ONLY}.mountPath", 1, "got number, want string"),
        (f"{READ_ONLY}.mountPath", "devcache", "'devcache' does not match pattern"),
        (f"{READ_ONLY}.mountPath", "/", "'/' does not match pattern"),
        (f"{READ_ONLY}.mountPath", "/a:b", "'/a:b' does not match pattern"),
        (READ_WRITE, "x", "got string, want object"),
        (f"{READ_WRITE}.x", 1, "additional properties 'x' not allowed"),
        (f"{READ_WRITE}.volume", 1, "got number, want string"),
        (f"{READ_WRITE}.volume", "", "'' does not match pattern"),
        (f"{READ_WRITE}.volume", "a_b", "'a_b' does not match pattern"),
        (f"{READ_WRITE}.sizeLimit", 20, "got number, want string"),
        (f"{READ_WRITE}.sizeLimit", "much", "'much' does not match pattern"),
        (f"{READ_WRITE}.sizeLimit", "20MB", "'20MB' does not match pattern"),
        ("devcache.copier", "x", "got string, want object"),
        ("devcache.copier.x", 1, "additional properties 'x' not allowed"),
        (IMAGE, "busybox", "got string, want object"),
        (f"{IMAGE}.x", 1, "additional properties 'x' not allowed"),
        (f"{IMAGE}.repository", 1, "got number, want string"),
        (f"{IMAGE}.repository", "", "'' does not match pattern"),
        (f"{IMAGE}.repository", "a b", "'a b' does not match pattern"),
        (f"{IMAGE}.tag", 1.37, "got number, want string"),
        (f"{IMAGE}.tag", "", "'' does not match pattern"),
        (f"{IMAGE}.pullPolicy", "Seldom", "must be one of 'Always', 'IfNotPresent', 'Never'"),
        ("devcache.copier.resources", [], "got array, want object"),
        ("devcache.copier.securityContext", [], "got array, want object"),
        ("devcache.payload", "beside", "must be one of 'release', 'apart'"),
        ("devcache.live", "yes", "got string, want boolean"),
        ("devcache.offline", "false", "got string, want boolean"),
        ("devcache.allowUnhealthy", "yes", "got string, want boolean"),
        ("devcache.limits", False, "got boolean, want object"),
        ("devcache.limits.x", 1, "additional properties 'x' not allowed"),
        ("devcache.limits.release", "false", "got string, want boolean"),
        ("devcache.argocd", "yes", "got string, want boolean"),
        ("devcache.crossplaneVersion", 2.4, "got number, want string"),
        ("devcache.crossplaneVersion", "latest", "'latest' does not match pattern"),
    ],
)
def test_invalid_values_are_refused(
    helm: str, tmp_path: Path, path: str, value: Plain, problem: str
) -> None:
    result = _template(helm, tmp_path, values_at(path, value))
    *parents, last = path.split(".")
    place = parents if problem.startswith("additional") else [*parents, last]
    assert result.returncode == 1
    assert "at '" + "".join(f"/{key}" for key in place) in result.stderr
    assert problem in result.stderr


@both_helms
@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("global", [{}, {"team": "a"}]),
        ("crossplane", [{"nameOverride": "xp", "args": ["--debug"]}]),
        (NAMES, [{LABEL: PACKAGE}, {"0": PACKAGE}, {"a-b": None}]),
        (f"{PLATFORM}.package", ["", "registry.example.com:5000/a_b/c@sha256:0", None]),
        (f"{PLATFORM}.spec", [{"revisionHistoryLimit": 1, "runtimeConfigRef": {"name": "a"}}]),
        (f"{READ_ONLY}.mountPath", ["/devcache", "/var/lib/dev.cache_1-2"]),
        (f"{READ_WRITE}.sizeLimit", ["", "auto", "200Mi", "1.5G", ".5Gi", "1e9", "52428800"]),
        (f"{IMAGE}.tag", ["1.37.0@sha256:0", "sha256:0"]),
        ("devcache.copier.resources", [{}, {"claims": [{"name": "a"}]}]),
        (
            "devcache.copier.securityContext",
            [{"runAsUser": None, "seLinuxOptions": {"level": "s0"}}],
        ),
        ("devcache.payload", ["release", "apart"]),
        ("devcache.crossplaneVersion", ["", "2.4", "v2.4.0", "2.4.0-rc.1", "2.2.0-up.1"]),
    ],
)
def test_valid_values_are_admitted(
    helm: str, tmp_path: Path, path: str, values: list[Plain]
) -> None:
    for value in values:
        result = _template(helm, tmp_path, values_at(path, value))
        assert result.returncode == 0, result.stderr


def _template(
    helm: str, folder: Path, values: dict[str, Plain]
) -> subprocess.CompletedProcess[str]:
    """Return the result of `helm template` with these values over a valid package."""
    valid, tried = folder / "valid.yaml", folder / "tried.yaml"
    valid.write_text(json.dumps(values_at(PLATFORM, PACKAGE)))
    tried.write_text(json.dumps(values))
    files = ("--values", valid, "--values", tried)
    return run(helm, "template", "crossplane", CHART, "--kube-version", KUBERNETES, *files)
