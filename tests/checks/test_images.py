"""`check` on the images that packages run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.shared.checking import findings, values
from tests.shared.configurations import ACME
from tests.shared.package_files import directory
from tests.shared.paths import DATA

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command
    from tests.shared.programs import Plain

XPKG = DATA / "xpkg"

PROVIDER = {"path": str(XPKG / "provider-with-runtime.xpkg"), "package": f"{ACME}/nop:v0.5.0"}


@pytest.mark.parametrize(
    ("line", "declared", "problem"),
    [
        pytest.param("2.4", {}, "its image is pulled from .*acme/nop@sha256", id="pushed"),
        pytest.param("2.4", {"runtimeImage": "x"}, "", id="an-image-that-nodes-pull"),
        pytest.param("2.1", {}, "on every node .*nop:v0.5.0", id="never-pulled"),
        pytest.param(
            "2.1", {"runtimeImage": "x"}, 'on every node .*"x"', id="never-pulled-as-runtime-image"
        ),
        pytest.param("2.1", {"install": False}, "", id="not-run"),
    ],
)
def test_the_image_of_a_provider_must_be_pullable_or_on_the_node(
    command: Command, tmp_path: Path, line: str, declared: dict[str, Plain], problem: str
) -> None:
    values_file = values(tmp_path, {"packages": {"nop": {**PROVIDER, **declared}}})
    results = findings(command, "-f", values_file, "--crossplane", line)
    assert [severity for severity, _, _ in results] == ["warning"] * bool(problem)
    assert all(re.search(problem, text) for _, _, text in results)


META_OBJECTS = {
    "Provider": """\
apiVersion: meta.pkg.crossplane.io/v1
kind: Provider
metadata: {name: program}
spec: {controller: {image: x.io/program:v1}}
""",
    "Function": """\
apiVersion: meta.pkg.crossplane.io/v1beta1
kind: Function
metadata: {name: program}
spec: {image: x.io/program:v1}
""",
}


def never_pulled(
    command: Command, folder: Path, meta: str, line: str, declared: dict[str, Plain]
) -> str:
    """Return the problem of the image of a package."""
    path = directory(folder / "program", {"crossplane.yaml": meta.encode()})
    entry: dict[str, Plain] = {"path": str(path), "package": "acme.io/program:v0.1.0", **declared}
    values_file = values(folder, {"packages": {"program": entry}})
    ((severity, _, problem),) = findings(command, "-f", values_file, "--crossplane", line)
    assert severity == "warning"
    return problem


class Running(NamedTuple):
    """A version of Crossplane, a further field of a declaration, and the image that runs."""

    line: str
    image: str
    declared: tuple[str, Plain] = ("install", True)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Running("1.14", "x.io/program:v1"), id="named"),
        pytest.param(Running("1.20", "x.io/program:v1"), id="named-in-1.20"),
        pytest.param(Running("2.0", "acme.io/program:v0.1.0"), id="ignored-by-2.0"),
        pytest.param(Running("1.20", "y:v2", ("runtimeImage", "y:v2")), id="replaced"),
        pytest.param(
            Running("1.20", "x.io/program:v1", ("spec", {"runtimeConfigRef": {"name": "y"}})),
            id="by-config",
        ),
    ],
)
@pytest.mark.parametrize("meta", META_OBJECTS.values(), ids=META_OBJECTS)
def test_up_to_1_20_the_image_is_that_of_the_meta_object(
    command: Command, tmp_path: Path, meta: str, case: Running
) -> None:
    problem = never_pulled(command, tmp_path, meta, case.line, dict([case.declared]))
    assert f'"{case.image}"' in problem
    assert ("runtimeConfigRef" in problem) == ("spec" in case.declared)


@pytest.mark.parametrize(
    ("line", "image"),
    [
        ("1.14", "acme/program:v0.1.0"),
        ("1.15", "xpkg.upbound.io/acme/program:v0.1.0"),
        ("1.19", "xpkg.upbound.io/acme/program:v0.1.0"),
        ("1.20", "xpkg.crossplane.io/acme/program:v0.1.0"),
    ],
)
@pytest.mark.parametrize("field", ["package", "image"])
def test_an_image_without_a_registry_has_that_of_crossplane(
    command: Command, tmp_path: Path, field: str, line: str, image: str
) -> None:
    meta = META_OBJECTS["Provider"].replace("x.io/program:v1", "acme/program:v0.1.0")
    if field == "package":
        meta, _, _ = meta.partition("spec:")
    declared: dict[str, Plain] = {"package": "acme/program:v0.1.0"} if field == "package" else {}
    assert f'"{image}"' in never_pulled(command, tmp_path, meta, line, declared)


def test_a_missing_image_is_reported_once(command: Command, tmp_path: Path) -> None:
    values_file = values(tmp_path, {"packages": {"nop": {"path": PROVIDER["path"]}}})
    ((severity, _, problem),) = findings(command, "-f", values_file)
    assert severity == "error"
    assert "no registry has the image" in problem
