"""The files under examples/ agree with each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.declared import devcache
from tests.shared import manifests
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = ROOT / "examples"
RELEASES = sorted((ROOT / "tests" / "golden").glob("crossplane-[0-9]*"))

both_values = pytest.mark.parametrize("values", ["examples/values.yaml", "examples/fleet.yaml"])
all_apis = pytest.mark.parametrize("package", ["network", "platform", "fleet"])


def read(name: str) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    document: dict[str, dict[str, dict[str, dict[str, str]]]] = yaml.safe_load(
        (ROOT / name).read_text()
    )
    return document


def test_the_config_equals_the_values() -> None:
    assert read("examples/devcache.yaml")["spec"] == read("examples/values.yaml")["devcache"]


def test_the_function_config_equals_the_config() -> None:
    """Its paths start from another folder."""
    of_function = read("examples/kustomize/devcache.yaml")["spec"]["packages"]
    packages = read("examples/devcache.yaml")["spec"]["packages"]
    assert {
        name: {**package, "path": package["path"].replace("../", "examples/")}
        for name, package in of_function.items()
    } == packages


@both_values
def test_each_path_exists_below_the_root_of_the_checkout(values: str) -> None:
    packages = read(values)["devcache"]["packages"]
    assert all((ROOT / package["path"]).exists() for package in packages.values())


@both_values
@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_the_values_work_with_every_release(values: str, release: Path) -> None:
    declared = {
        "apiVersion": "crossplane-devcache/v1alpha1",
        "kind": "DevCache",
        "metadata": {"name": "examples"},
        "spec": read(values)["devcache"],
    }
    config = devcache.load(yaml.safe_dump(declared), where=values)
    rendered = (release / "input-helm4.yaml").read_text()
    modified = manifests.modified(rendered, config, ROOT)
    names = read(values)["devcache"]["packages"]
    assert all(re.search(rf"^ +name: {name}$", modified, re.MULTILINE) for name in names)


@all_apis
def test_definition_composition_and_example_have_the_same_kind(package: str) -> None:
    definition = yaml.safe_load((EXAMPLES / package / "apis/definition.yaml").read_text())["spec"]
    composition = yaml.safe_load((EXAMPLES / package / "apis/composition.yaml").read_text())["spec"]
    (path,) = (EXAMPLES / package / "examples").iterdir()
    example = yaml.safe_load(path.read_text())
    (version,) = definition["versions"]
    kind = {
        "apiVersion": f"{definition['group']}/{version['name']}",
        "kind": definition["names"]["kind"],
    }
    assert composition["compositeTypeRef"] == kind
    assert {key: example[key] for key in kind} == kind


@all_apis
def test_a_composition_uses_the_resolvers_names_of_functions(package: str) -> None:
    meta = yaml.safe_load((EXAMPLES / package / "crossplane.yaml").read_text())
    composition = yaml.safe_load((EXAMPLES / package / "apis/composition.yaml").read_text())
    sources = [
        dependency["function"]
        for dependency in meta["spec"]["dependsOn"]
        if "function" in dependency
    ]
    names = {source.partition("/")[2].replace("/", "-") for source in sources}
    assert {step["functionRef"]["name"] for step in composition["spec"]["pipeline"]} <= names


def test_a_local_function_satisfies_the_dependency() -> None:
    packages = read("examples/fleet.yaml")["devcache"]["packages"]
    meta = yaml.safe_load((EXAMPLES / "fleet/crossplane.yaml").read_text())
    source, _, tag = packages["acme-function-zones"]["package"].rpartition(":")
    assert {"function": source, "version": f">={tag}"} in meta["spec"]["dependsOn"]


def test_the_readme_builds_and_loads_the_runtime_image() -> None:
    image = read("examples/fleet.yaml")["devcache"]["packages"]["acme-function-zones"][
        "runtimeImage"
    ]
    readme = (EXAMPLES / "function-zones/README.md").read_text()
    assert f"docker build -t {image} " in readme
    assert f"kind load docker-image {image}\n" in readme
