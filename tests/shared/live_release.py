"""A release in live mode without a cluster: what the filter would have put into its ConfigMap."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from postrender import placement
from postrender.crossplane import references, versions
from postrender.crossplane.target import Target
from postrender.declared.devcache import PackageDeclaration
from postrender.live.releases import Release
from postrender.payload import contents, record
from postrender.release import objects
from tests.shared.package_files import META, STREAM, XRD

if TYPE_CHECKING:
    from postrender.payload.contents import Contents
    from postrender.payload.external import Parts
    from postrender.placement import LocalPackage

DIGEST, PATH = versions.Version(2, 4), versions.Version(1, 20)
"""A version that keys packages by digest, and a version that keys them by path."""

VERSIONS = pytest.mark.parametrize("version", [DIGEST, PATH], ids=["digest", "path"])


def placed(
    *declared: PackageDeclaration, version: versions.Version = DIGEST
) -> tuple[LocalPackage, ...]:
    """Return packages, read from disk and placed for a version."""
    return placement.place(declared, Target.of(version, where="the test"), Path())


def of(
    *declared: PackageDeclaration, version: versions.Version = DIGEST, parts: Parts | None = None
) -> Release:
    """Return a release that declares these packages, as it is after `helm install`.

    Args:
        *declared: The packages.
        version: The Crossplane version.
        parts: The parts of the packages that are apart from the release.
    """
    on_disk = placed(*declared, version=version)
    said = record.of_release(on_disk, version, "1")
    held = contents.of_release(on_disk, parts or {}).with_text(record.RELEASED, said.text)
    config_map = objects.config_map("crossplane-devcache", "crossplane-system", held, "")
    empty = record.Record(version, "1", {})
    return Release(config_map, held, said, empty, {"app": "crossplane"})


def after(before: Release, held: Contents) -> Release:
    """Return a release whose ConfigMap holds something else."""
    said = record.parse(held.data[record.RELEASED], where="the test")
    pushed = said._replace(packages={})
    if record.PUSHED in held.data:
        pushed = record.parse(held.data[record.PUSHED], where="the test")
    return replace(before, contents=held, record=said, pushed=pushed)


def package(
    folder: Path, name: str = "platform", content: bytes = STREAM, reference: str = ""
) -> PackageDeclaration:
    """Write a package directory, and return its declaration."""
    path = folder / name
    path.mkdir(exist_ok=True, parents=True)
    (path / "crossplane.yaml").write_bytes(
        content.replace(b"name: platform", f"name: {name}".encode(), 1)
    )
    text = reference or f"registry.example.com/acme/{name}:v0.1.0"
    return PackageDeclaration(name, str(path), references.parse(text, where=name))


def edited(folder: Path, name: str = "platform", edit: str = "1") -> PackageDeclaration:
    """Write a package directory with a content of its own, and return its declaration."""
    return package(folder, name, META + b"---\n" + XRD + f"# {edit}\n".encode())


def content(declared: PackageDeclaration) -> str:
    """Return the sha256 of a package's package.yaml."""
    [one] = placed(declared)
    return one.content
