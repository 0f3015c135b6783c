"""A release in live mode without a cluster: what the filter would have put into its ConfigMap."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from postrender.cache import layouts, placement, references
from postrender.declared.devcache import DevCache, LocalPackage
from postrender.live.release import Release, contents
from postrender.release import objects, payload, record
from tests.package_files import META, STREAM, XRD

if TYPE_CHECKING:
    from postrender.cache.placement import Placed
    from postrender.live.release import Contents
    from postrender.release.apart import Parts

DIGEST, PATH = layouts.Version(2, 4), layouts.Version(1, 20)
"""A version that keys packages by digest, and a version that keys them by path."""

VERSIONS = pytest.mark.parametrize("version", [DIGEST, PATH], ids=["digest", "path"])


def placed(*declared: LocalPackage, version: layouts.Version = DIGEST) -> tuple[Placed, ...]:
    """Return packages, read from disk and placed for a version."""
    layout = layouts.layout_of(version, where="the test")
    return placement.place(DevCache(packages=declared), version, layout, Path())


def of(
    *declared: LocalPackage, version: layouts.Version = DIGEST, parts: Parts | None = None
) -> Release:
    """Return a release that declares these packages, as it is after `helm install`.

    Args:
        *declared: The packages.
        version: The Crossplane version.
        parts: The parts of the packages that are apart from the release.
    """
    on_disk = placed(*declared, version=version)
    said = record.of_release(on_disk, version, "1")
    held = record.added(payload.contents(on_disk, parts or {}), said)
    config_map = objects.config_map("crossplane-devcache", "crossplane-system", held, "")
    empty = record.Record(version, "1", {})
    return Release(config_map, contents(config_map), said, empty, {"app": "crossplane"})


def after(before: Release, held: Contents) -> Release:
    """Return a release whose ConfigMap holds something else."""
    said = record.parse(held.data[record.RELEASED], where="the test")
    pushed = said._replace(packages={})
    if record.PUSHED in held.data:
        pushed = record.parse(held.data[record.PUSHED], where="the test")
    return replace(before, contents=held, record=said, pushed=pushed)


def package(
    folder: Path, name: str = "platform", content: bytes = STREAM, reference: str = ""
) -> LocalPackage:
    """Write a package directory, and return its declaration."""
    path = folder / name
    path.mkdir(exist_ok=True, parents=True)
    (path / "crossplane.yaml").write_bytes(
        content.replace(b"name: platform", f"name: {name}".encode(), 1)
    )
    text = reference or f"registry.example.com/acme/{name}:v0.1.0"
    return LocalPackage(name, str(path), references.parse(text, where=name))


def edited(folder: Path, name: str = "platform", edit: str = "1") -> LocalPackage:
    """Write a package directory with a content of its own, and return its declaration."""
    return package(folder, name, META + b"---\n" + XRD + f"# {edit}\n".encode())


def content(declared: LocalPackage) -> str:
    """Return the sha256 of a package's package.yaml."""
    [one] = placed(declared)
    return one.package.package_yaml.digest.removeprefix("sha256:")
