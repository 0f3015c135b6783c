"""The meta object of a package."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postrender import packages
from postrender.errors import DevcacheError
from postrender.packages import Dependency
from tests.shared.package_files import META, directory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param("", (), id="no spec"),
        pytest.param("spec:\n", (), id="null"),
        pytest.param("spec: {dependsOn: null}\n", (), id="a null list"),
        pytest.param("spec: {dependsOn: []}\n", (), id="an empty list"),
        pytest.param(
            "spec: {dependsOn: [{provider: a}, {configuration: b}, {function: c, version: '>1'}]}",
            (Dependency("a", "", "a"), Dependency("b", "", "b"), Dependency("c", ">1", "c")),
            id="by kind",
        ),
        pytest.param(
            "spec: {dependsOn: [{apiVersion: v1, kind: K, package: p, provider: x}]}",
            (Dependency("p", "", "x"),),
            id="the explicit form takes precedence",
        ),
        pytest.param(
            "spec: {dependsOn: [{apiVersion: v1, kind: K, package: p}]}",
            (Dependency("p", "", ""),),
            id="the explicit form alone",
        ),
        pytest.param(
            "spec: {dependsOn: [{package: p, provider: x, function: null}]}",
            (Dependency("x", "", "x"),),
            id="a package alone is not the explicit form",
        ),
    ],
)
def test_dependencies_are_read(tmp_path: Path, spec: str, expected: tuple[Dependency, ...]) -> None:
    root = directory(tmp_path, {"crossplane.yaml": META + spec.encode()})
    assert packages.read(root).dependencies == expected


@pytest.mark.parametrize(
    ("kind", "spec", "image"),
    [
        ("Provider", "", ""),
        ("Provider", "spec: {controller: {image: x.io/a:v1}}", "x.io/a:v1"),
        ("Provider", "spec: {controller: {permissionRequests: []}}", ""),
        ("Provider", "spec: {controller: x, image: y}", ""),
        ("Provider", "spec: {controller: {image: 1}}", ""),
        ("Function", "spec: {image: x.io/a:v1}", "x.io/a:v1"),
        ("Function", "spec: {controller: {image: x.io/a:v1}}", ""),
        ("Configuration", "spec: {image: x.io/a:v1, controller: {image: x.io/a:v1}}", ""),
    ],
)
def test_the_image_is_read(tmp_path: Path, kind: str, spec: str, image: str) -> None:
    meta = META.replace(b"Configuration", kind.encode())
    root = directory(tmp_path, {"crossplane.yaml": meta + spec.encode()})
    assert packages.read(root).image == image


@pytest.mark.parametrize(
    ("meta", "problem"),
    [
        pytest.param(b"", "Configuration has no metadata.name", id="no metadata"),
        pytest.param(b"metadata: {}", "Configuration has no metadata.name", id="no name"),
        pytest.param(b"metadata: {name: 1}", "metadata.name is not a string", id="a number"),
        pytest.param(b"metadata: a", "metadata is not a mapping", id="metadata is text"),
        pytest.param(b"metadata: {name: a}\nspec: []", "spec is not a mapping", id="spec: a list"),
        pytest.param(
            b"metadata: {name: a}\nspec: {crossplane: x}",
            "spec.crossplane is not a mapping",
            id="crossplane is text",
        ),
        pytest.param(
            b"metadata: {name: a}\nspec: {crossplane: {version: 1.0}}",
            "spec.crossplane.version is not a string",
            id="a version that is a number",
        ),
        pytest.param(
            b"metadata: {name: a}\nspec: {dependsOn: {}}",
            "spec.dependsOn is not a list",
            id="dependsOn is a mapping",
        ),
        pytest.param(
            b"metadata: {name: a}\nspec: {dependsOn: [a]}",
            "spec.dependsOn[0] is not a mapping",
            id="a dependency is text",
        ),
        pytest.param(
            b"metadata: {name: a}\nspec: {dependsOn: [{provider: a}, {version: '1'}]}",
            "spec.dependsOn[1] names no package",
            id="a dependency without a package",
        ),
        pytest.param(
            b"metadata: {name: a}\nspec: {dependsOn: [{provider: [a]}]}",
            "spec.dependsOn[0].provider is not a string",
            id="a provider that is a list",
        ),
        pytest.param(b"metadata: &m {name: a}\nspec: *m", "alias", id="an alias"),
    ],
)
def test_a_meta_object_of_the_wrong_shape_is_refused(
    tmp_path: Path, meta: bytes, problem: str
) -> None:
    head = b"apiVersion: meta.pkg.crossplane.io/v1\nkind: Configuration\n"
    root = directory(tmp_path, {"crossplane.yaml": head + meta})
    with pytest.raises(DevcacheError) as refused:
        packages.read(root)
    assert problem in refused.value.problem
    assert refused.value.where.startswith(str(root / "crossplane.yaml"))


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha1"])
@pytest.mark.parametrize("kind", ["Configuration", "Provider", "Function"])
def test_every_kind_of_package_is_read(tmp_path: Path, kind: str, version: str) -> None:
    meta = META.replace(b"Configuration", kind.encode()).replace(b"/v1", f"/{version}".encode())
    assert packages.read(directory(tmp_path, {"crossplane.yaml": meta})).kind == kind
