"""A release in live mode without a cluster, with the manifests that the filter would write."""

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
    from postrender.manifests.nodes import Plain
    from postrender.payload.contents import Contents
    from postrender.payload.external import Parts
    from postrender.placement import LocalPackage

DIGEST, PATH = versions.Version(2, 4), versions.Version(1, 20)
"""A version with digests in its cache keys, and one with paths."""

VERSIONS = pytest.mark.parametrize("version", [DIGEST, PATH], ids=["digest", "path"])


def local_packages(
    *declared: PackageDeclaration, version: versions.Version = DIGEST
) -> tuple[LocalPackage, ...]:
    """Return packages, read from disk, with their cache files for a version."""
    return placement.place(declared, Target.of(version, where="the test"), Path())


def of(
    *declared: PackageDeclaration, version: versions.Version = DIGEST, parts: Parts | None = None
) -> Release:
    """Return the release that `helm install` creates for packages.

    Args:
        *declared: The packages.
        version: The Crossplane version.
        parts: The parts of the packages outside the release.
    """
    packages = local_packages(*declared, version=version)
    release_record = record.of_release(packages, version, "1")
    whole = contents.of_release(packages, parts or {})
    whole = whole.with_text(record.RELEASED, release_record.text)
    config_map = objects.config_map("crossplane-devcache", "crossplane-system", whole, "")
    push_record = record.Record(version, "1", {})
    return Release(config_map, whole, release_record, push_record, {"app": "crossplane"})


def manifests(*declared: PackageDeclaration, version: versions.Version) -> list[dict[str, Plain]]:
    """Return the manifests of a release: the ConfigMap and the objects of the packages."""
    target = Target.of(version, where="the test")
    packages = local_packages(*declared, version=version)
    config_map = of(*declared, version=version).config_map
    return [config_map, *objects.of_release(packages, target, "1")]


def after(before: Release, whole: Contents) -> Release:
    """Return a release with other contents of its ConfigMap."""
    release_record = record.parse(whole.data[record.RELEASED], where="the test")
    push_record = release_record._replace(packages={})
    if record.PUSHED in whole.data:
        push_record = record.parse(whole.data[record.PUSHED], where="the test")
    return replace(before, contents=whole, record=release_record, push_record=push_record)


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
    """Write a package directory with the content of an edit, and return its declaration."""
    return package(folder, name, META + b"---\n" + XRD + f"# {edit}\n".encode())


def content(declared: PackageDeclaration) -> str:
    """Return the sha256 of a package's package.yaml."""
    [local] = local_packages(declared)
    return local.content
