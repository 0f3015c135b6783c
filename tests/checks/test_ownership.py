"""`check` on the objects of packages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.shared.checking import findings, values
from tests.shared.configurations import ACME
from tests.shared.package_files import directory

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command
    from tests.shared.programs import Plain

EXTENSIONS = "apiextensions.crossplane.io"
XRD = (f"{EXTENSIONS}/v1", "CompositeResourceDefinition")
CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
WEBHOOKS = ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")

Kind = tuple[str, str]


def manifest(kind: Kind, name: str) -> bytes:
    api_version, kind_name = kind
    text = f"apiVersion: {api_version}\nkind: {kind_name}\nmetadata:\n  name: {name}\n---\n"
    return text.encode()


def package(folder: Path, name: str, files: dict[str, bytes], kind: str = "Configuration") -> Path:
    """Write a package directory, and return it."""
    meta = f"apiVersion: meta.pkg.crossplane.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n"
    return directory(folder / name, {"crossplane.yaml": meta.encode(), **files})


class Pair(NamedTuple):
    """An object of each of two packages, and the expected error."""

    first: bytes
    second: bytes
    error: str = ""
    kind: str = "Configuration"
    install: bool = True


def owned(command: Command, folder: Path, declared: Plain) -> list[tuple[str, str, str]]:
    """Return the findings without those on the fields of the objects, which have only a name."""
    results = findings(command, "-f", values(folder, declared), "--crossplane=2.4")
    return [finding for finding in results if "document" not in finding[1]]


SHARED = manifest(XRD, "xs.example.org")


@pytest.mark.parametrize(
    "pair",
    [
        pytest.param(
            Pair(
                SHARED,
                SHARED,
                '^both have "CompositeResourceDefinition" "xs.example.org": only one of them',
            ),
            id="the-same",
        ),
        pytest.param(
            Pair(
                SHARED,
                manifest((f"{EXTENSIONS}/v2", XRD[1]), "xs.example.org"),
                '"xs.example.org": only one',
            ),
            id="another-version-of-the-kind",
        ),
        pytest.param(
            Pair(
                SHARED + manifest(XRD, "ys.example.org") + manifest(XRD, "zs.example.org"),
                SHARED + manifest(XRD, "ys.example.org"),
                '"xs.example.org" and 1 more: only one',
            ),
            id="several",
        ),
        pytest.param(
            Pair(
                manifest(CRD, "xs.example.org"),
                manifest(CRD, "xs.example.org"),
                '"CustomResourceDefinition" "xs.example.org"',
                kind="Provider",
            ),
            id="of-providers",
        ),
        pytest.param(Pair(SHARED, manifest(XRD, "ys.example.org")), id="another-name"),
        pytest.param(
            Pair(SHARED, manifest((XRD[0], "Composition"), "xs.example.org")), id="another-kind"
        ),
        pytest.param(Pair(SHARED, SHARED, install=False), id="not-installed"),
        pytest.param(
            Pair(manifest(WEBHOOKS, "webhooks"), manifest(WEBHOOKS, "webhooks"), kind="Provider"),
            id="renamed-by-crossplane",
        ),
    ],
)
def test_only_one_package_can_have_an_object(command: Command, tmp_path: Path, pair: Pair) -> None:
    runtime: dict[str, Plain] = {"runtimeImage": "x.io/a:v1"} if pair.kind == "Provider" else {}
    declared: Plain = {
        "packages": {
            name: {
                "path": str(package(tmp_path, name, {"object.yaml": content}, pair.kind)),
                "package": f"{ACME}/{name}:v0.1.0",
                **runtime,
                "install": install,
            }
            for name, content, install in [
                ("one", pair.first, True),
                ("two", pair.second, pair.install),
            ]
        }
    }
    results = owned(command, tmp_path, declared)
    if not pair.error:
        assert results == []
        return
    [(severity, where, problem)] = results
    assert (severity, where) == ("error", "packages one and two")
    assert re.search(pair.error, problem), problem


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        pytest.param(
            {"a.yaml": SHARED, "old/b.yaml": SHARED},
            '"xs.example.org" (in "a.yaml", "old/b.yaml")',
            id="in-two-files",
        ),
        pytest.param(
            {"a.yaml": (SHARED + manifest(XRD, "ys.example.org")) * 2},
            '"xs.example.org" and 1 more (in "a.yaml")',
            id="in-one-file",
        ),
    ],
)
def test_a_package_should_have_an_object_once(
    command: Command, tmp_path: Path, files: dict[str, bytes], problem: str
) -> None:
    path = str(package(tmp_path, "one", files))
    [(severity, where, text)] = owned(command, tmp_path, {"packages": {"one": {"path": path}}})
    assert (severity, where) == ("warning", "package one")
    assert problem in text


def test_only_the_filter_reports_kinds_that_no_package_holds(
    command: Command, tmp_path: Path
) -> None:
    path = str(package(tmp_path, "one", {"a.yaml": manifest(("v1", "Secret"), "x") * 2}))
    [(_, _, problem)] = owned(command, tmp_path, {"packages": {"one": {"path": path}}})
    assert "must not hold" in problem
