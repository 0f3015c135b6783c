"""The values of packages: the files in the cache, the lists and the objects."""

from __future__ import annotations

import gzip
import re
from base64 import b64decode
from typing import TYPE_CHECKING, TypedDict

import yaml

from postrender import packages
from tests.shared.configurations import ACME, package
from tests.shared.package_files import incompressible

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chartvalues.conftest import Declared, Values
    from tests.shared.command import Run
    from tests.shared.programs import Plain

TAGGED: Declared = {
    name: {"package": f"{ACME}/{name}:v0.1.0"} for name in ("network", "other", "platform")
}
PAIR: Declared = {name: TAGGED[name] for name in ("network", "other")}


class Metadata(TypedDict, total=False):
    name: str
    annotations: dict[str, str]


class Object(TypedDict, total=False):
    kind: str
    metadata: Metadata
    binaryData: dict[str, str]
    items: list[Object]


class Printed(TypedDict, total=False):
    """The printed values."""

    configuration: dict[str, list[str]]
    extraObjects: list[Object]
    extraVolumesCrossplane: list[Plain]
    extraVolumeMountsCrossplane: list[Plain]


def printed(run: Run) -> Printed:
    assert (run.status, run.stderr) == (0, "")
    values: Printed = yaml.safe_load(run.stdout)
    return values


def names(result: Printed) -> set[tuple[str, str]]:
    """Return kind and name of each object except the ConfigMap, also of those in a List."""
    return {
        (item["kind"], item["metadata"]["name"])
        for value in result["extraObjects"][1:]
        for item in value.get("items", [value])
    }


def digest(values: Values, name: str) -> str:
    return packages.read(values.folder / name).digest


def test_a_mount_puts_each_package_where_crossplane_reads_it(values: Values) -> None:
    result = printed(values.run(values.declare(PAIR)))
    (config_map,) = result["extraObjects"]
    files = config_map["binaryData"]
    for name in PAIR:
        key = f"xpkg-example-org-acme-{name}-{digest(values, name)[:12].replace(':', '-')}.gz"
        content = packages.read(values.folder / name).package_yaml.content
        assert gzip.decompress(b64decode(files[key])) == content
    assert result["extraVolumesCrossplane"] == [
        {"name": "devcache-packages", "configMap": {"name": config_map["metadata"]["name"]}}
    ]
    assert result["extraVolumeMountsCrossplane"] == [
        {
            "name": "devcache-packages",
            "mountPath": f"/cache/xpkg/{key}",
            "subPath": key,
            "readOnly": True,
        }
        for key in files
    ]


def test_package_lists_name_digests_and_nothing_else_is_set(values: Values) -> None:
    declared: Declared = {
        **PAIR,
        "nop": {
            "path": str(values.folder / "nop"),
            "package": "xpkg.crossplane.io/acme/nop@" + digest(values, "nop"),
        },
    }
    # No registry has the digest of a directory: the package's program cannot be pulled.
    assert "no registry has the image" in values.run(values.declare(declared)).message()
    result = printed(values.run(values.declare(PAIR)))
    assert result["configuration"] == {
        "packages": [f"{ACME}/{name}@{digest(values, name)}" for name in PAIR]
    }
    assert set(result) == {
        *("configuration", "deploymentStrategy", "extraObjects"),
        *("extraVolumesCrossplane", "extraVolumeMountsCrossplane"),
    }


def test_a_dependency_by_digest_admits_the_digest(values: Values) -> None:
    package(values.folder, "exact", [(f"{ACME}/network", digest(values, "network"))])
    declared: Declared = {"network": TAGGED["network"], "exact": {}}
    printed(values.run(values.declare(declared)))
    assert "name a range" in values.run(values.declare(declared), "--objects").message()


def test_objects_are_those_of_the_filter(values: Values) -> None:
    declared: Declared = {
        **TAGGED,
        "zones": {"runtimeImage": "zones:v1", "spec": {"revisionHistoryLimit": 3}},
        "embedded": {"runtimeImage": "embedded"},
    }
    result = printed(values.run(values.declare(declared), "--objects"))
    assert names(result) == {
        *(("ImageConfig", f"devcache-{name}") for name in declared),
        *(("DeploymentRuntimeConfig", f"devcache-{name}") for name in ("zones", "embedded")),
        *(("Configuration", name) for name in TAGGED),
        *(("Function", name) for name in ("zones", "embedded")),
    }
    assert "configuration" not in result
    assert "function" not in result


def test_the_same_input_has_the_same_bytes(values: Values) -> None:
    text = values.run(values.declare(PAIR)).stdout
    reverse: Declared = {name: PAIR[name] for name in sorted(PAIR, reverse=True)}
    assert values.run(values.declare(reverse)).stdout == text


def test_a_changed_package_changes_the_pod_and_its_reference_alone(values: Values) -> None:
    file = values.declare(PAIR)
    before = printed(values.run(file))
    package(values.folder, "network", skipped="no")
    after = printed(values.run(file))
    assert before["extraVolumesCrossplane"] != after["extraVolumesCrossplane"]
    changed = [
        pair[0]
        for pair in zip(
            before["configuration"]["packages"], after["configuration"]["packages"], strict=True
        )
        if pair[0] != pair[1]
    ]
    assert [reference.partition("@")[0] for reference in changed] == [f"{ACME}/network"]


def test_without_packages_nothing_is_set(values: Values) -> None:
    for option in ([], ["--objects"]):
        run = values.run(values.declare({}, {"extraObjects": [{"kind": "Secret"}]}), *option)
        assert printed(run) == {}


def test_the_comment_names_the_objects_that_crossplane_creates(values: Values) -> None:
    comment = values.run(values.declare(PAIR)).stdout
    assert re.findall("kubectl delete (.*)", comment) == [
        f"configurations.pkg.crossplane.io acme-{name}" for name in PAIR
    ]
    comment = values.run(values.declare(PAIR), "--objects", version="2.2").stdout
    assert "crossplane-devcache crds --crossplane 2.2" in comment
    comment = values.run(values.declare(PAIR, argocd=True), "--objects").stdout
    assert "Argo CD applies the package objects when" in comment
    assert "crds" not in comment.partition("deploymentStrategy")[0]


def test_a_package_that_is_not_installed_is_only_in_the_cache(values: Values) -> None:
    declared: Declared = {
        "other": TAGGED["other"],
        "network": {**TAGGED["network"], "install": False},
    }
    result = printed(values.run(values.declare(declared), "--objects"))
    assert len(result["extraVolumeMountsCrossplane"]) == 2
    assert names(result) == {
        ("ImageConfig", "devcache-network"),
        ("ImageConfig", "devcache-other"),
        ("Configuration", "other"),
    }


def test_a_large_package_fits_without_a_secret(values: Values, tmp_path: Path) -> None:
    path = str(incompressible(tmp_path / "large", 340_000))
    packages = {"large": {"path": path}}
    printed(values.run(values.declare(packages)))
    path = str(incompressible(tmp_path / "larger", 365_000))
    packages = {"large": {"path": path}}
    message = values.run(values.declare(packages)).message()
    assert re.search(r"36\d,\d{3} bytes of gzip.* 7\d\d,\d{3} bytes.* 720,896", message)
    assert "use the post-renderer" in message
    assert "limits.release=false" in message
    printed(values.run(values.declare(packages, limits={"release": False})))
    path = str(incompressible(tmp_path / "largest", 1_100_000))
    packages = {"large": {"path": path}}
    message = values.run(values.declare(packages, limits={"release": False})).message()
    assert re.search(r"1,1\d\d,\d{3} bytes.* 1,048,576", message)


def test_argo_cd_gets_waves_and_no_list(values: Values) -> None:
    objects = printed(values.run(values.declare(PAIR, argocd=True), "--objects"))["extraObjects"]
    annotations = [
        (item["kind"], item["metadata"]["annotations"].get("argocd.argoproj.io/sync-wave"))
        for item in objects
    ]
    assert annotations == [
        ("ConfigMap", None),
        *[("ImageConfig", "1"), ("Configuration", "2")] * len(PAIR),
    ]
