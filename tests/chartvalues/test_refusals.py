"""Declarations that values cannot express: each refusal names the way that works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.shared.configurations import ACME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.chartvalues.conftest import Declared, Values
    from tests.shared.programs import Plain

NETWORK: Declared = {"network": {"package": f"{ACME}/network:v0.1.0"}}
PLATFORM: Declared = {"platform": {"package": f"{ACME}/platform:v0.1.0"}}
PINNED: Declared = {"pinned": {"package": f"{ACME}/pinned:v0.1.0"}}
OTHER: Declared = {"other": {"package": f"{ACME}/other:v0.1.0"}}
FILTER, OBJECTS = "use the post-renderer", "pass --objects"


class Case(NamedTuple):
    """A declaration, the message with which it is refused, and whether `--objects` accepts it."""

    packages: Declared
    message: str
    hint: str
    settings: Mapping[str, Plain] = {}
    crossplane: Mapping[str, Plain] = {}
    version: str = "2.4"


CASES = {
    "crossplane-2.1": Case(OTHER, "path has a colon", FILTER, version="2.1"),
    "crossplane-1.14": Case(OTHER, "path has a colon", FILTER, version="1.14"),
    "the-image-of-the-user": Case(
        OTHER,
        "2.1.3 reads a file whose path has a colon",
        FILTER,
        {},
        {"image": {"tag": "v2.1.3"}},
        "",
    ),
    "crossplane-9": Case(OTHER, "9.0 is not known yet", "", version="9.0"),
    "live-mode": Case(
        OTHER, "live mode needs the copier", f"{FILTER}, or set live", {"live": True}
    ),
    "apart": Case(
        OTHER, "payload: apart needs the copier", f"{FILTER}, or set payload", {"payload": "apart"}
    ),
    "a-range-on-a-local-package": Case(
        {**NETWORK, **PLATFORM},
        'package platform, dependency ".*/network": ">=v0.1.0" requires a version',
        OBJECTS,
    ),
    "a-runtime-image": Case(
        {"zones": {"runtimeImage": "zones:v1"}}, "DeploymentRuntimeConfig", OBJECTS
    ),
    "an-embedded-runtime": Case(
        {"embedded": {"runtimeImage": "embedded"}}, "DeploymentRuntimeConfig", OBJECTS
    ),
    "a-runtime-config": Case(
        {"zones": {"spec": {"runtimeConfigRef": {"name": "x"}}}},
        'its spec: "runtimeConfigRef"',
        OBJECTS,
    ),
    "fields-of-the-spec": Case(
        {"other": {"spec": {"revisionHistoryLimit": 3, "skipDependencyResolution": True}}},
        'its spec: "revisionHistoryLimit", "skipDependencyResolution"',
        OBJECTS,
    ),
    "not-installed": Case({"other": {"install": False}}, "its tag needs a registry", OBJECTS),
    "one-object-for-two-packages": Case(
        {**OTHER, "network": {"package": "xpkg.example.com/acme/other:v0.1.0"}},
        'one Configuration "acme-other" for both',
        OBJECTS,
    ),
    "offline": Case(
        {"far": {}}, "offline is set, but its dependency .*far-away", "", {"offline": True}
    ),
    "unhealthy": Case({"picky": {}}, "does not admit Crossplane 2.4", "allowUnhealthy: true"),
    "another-digest": Case({**NETWORK, **PINNED}, 'dependsOn names "sha256:0+"', "name a range"),
    "no-package": Case({"gone": {}}, "package gone.*no such file", ""),
    "a-path-that-crossplane-2-refuses": Case(
        {"other": {"package": "other"}}, "does not admit the reference", ""
    ),
    "a-configmap-as-cache": Case(
        OTHER, "which is read-only", "", {}, {"packageCache": {"configMap": "x"}}
    ),
    "a-size-limit-of-a-claim": Case(
        OTHER,
        "not an emptyDir",
        "auto",
        {"cache": {"readWrite": {"sizeLimit": "9Mi"}}},
        {"packageCache": {"pvc": "x"}},
    ),
    "a-package-of-the-user": Case(
        OTHER,
        "installed by the chart's own package lists, too",
        "",
        {},
        {"provider": {"packages": [f"{ACME}/other:v2"]}},
    ),
    "an-object-of-the-user": Case(
        OTHER,
        "is installed by .*mine",
        "",
        {},
        {
            "extraObjects": [
                {
                    "apiVersion": "pkg.crossplane.io/v1",
                    "kind": "Configuration",
                    "metadata": {"name": "mine"},
                    "spec": {"package": f"{ACME}/other:v2"},
                }
            ]
        },
    ),
    "no-list-of-the-user": Case(
        OTHER,
        "extraVolumesCrossplane is not a list",
        "hyphen",
        {},
        {"extraVolumesCrossplane": {"a": 1}},
    ),
    "no-list-of-packages": Case(
        OTHER, "configuration.packages is not a list", "", {}, {"configuration": {"packages": "a"}}
    ),
    "no-mapping": Case(OTHER, "configuration is not a mapping", "", {}, {"configuration": ["a"]}),
    "a-volume-of-the-user": Case(
        OTHER,
        "has a volume devcache-packages, too",
        "rename",
        {},
        {"extraVolumesCrossplane": [{"name": "devcache-packages", "emptyDir": {}}]},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_has_a_reason_and_a_way(values: Values, name: str) -> None:
    case = CASES[name]
    file = values.declare(case.packages, case.crossplane, **case.settings)
    message = values.run(file, version=case.version).message()
    problem, _, hint = message.partition("\nhint: ")
    assert re.search(case.message, problem), message
    assert case.hint in hint
    with_objects = values.run(file, "--objects", version=case.version)
    assert with_objects.status == (0 if OBJECTS in case.hint else 1), with_objects.stderr


def test_an_object_with_the_name_of_ours_is_refused(values: Values) -> None:
    config: Plain = {
        "apiVersion": "pkg.crossplane.io/v1beta1",
        "kind": "ImageConfig",
        "metadata": {"name": "devcache-other"},
        "spec": {"matchImages": [], "rewriteImage": {"prefix": "a"}},
    }
    file = values.declare(OTHER, {"extraObjects": [config]})
    assert values.run(file).status == 0
    assert "already has a ImageConfig" in values.run(file, "--objects").message()


def test_a_tag_out_of_range_is_refused_in_both_ways(values: Values) -> None:
    file = values.declare({**PLATFORM, "network": {"package": f"{ACME}/network:v0.0.1"}})
    assert OBJECTS in values.run(file).message()
    assert "does not admit" in values.run(file, "--objects").message()


def test_an_unhealthy_package_is_printed_if_it_is_allowed(values: Values) -> None:
    run = values.run(values.declare({"picky": {}}, allowUnhealthy=True))
    assert (run.status, run.stderr) == (0, "")


def test_a_declaration_is_required(values: Values) -> None:
    run = values.command("values")
    assert run.status == 2
    assert "-f FILE or --config FILE is required" in run.stderr
