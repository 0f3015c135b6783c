"""`inspect`: what is on disk, and what each Crossplane version would call it in its cache."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender.cache import layouts, references
from postrender.cache.layouts import LAYOUTS
from postrender.declared.devcache import DEFAULT_REGISTRY
from postrender.errors import DevcacheError
from postrender.packages import disk, forms
from postrender.release import packing
from postrender.reports import Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.cache.layouts import Layout
    from postrender.cache.references import Reference
    from postrender.manifests.nodes import Plain
    from postrender.packages import Package
    from postrender.packages.forms import Form
    from postrender.progress import Tell


def run(*, paths: Sequence[Path], tell: Tell, crossplane: str = "", package: str = "") -> Report:
    """Return what packages on disk are.

    Args:
        paths: Packages: each a directory, an .xpkg, a package.yaml, or its gzip from a cache.
        tell: Is told what is being done.
        crossplane: The Crossplane version to name the cache file for; all lines by default.
        package: The `spec.package` to name the cache file for; by default the one that a package
            has when its declaration gives none.

    Raises:
        DevcacheError: A package cannot be read, the version is not supported, or the reference
            does not parse.
    """
    where = "--crossplane"
    wanted: Sequence[Layout] = LAYOUTS
    if crossplane:
        wanted = [layouts.layout_of(layouts.require_version(crossplane, where=where), where=where)]
    given = references.parse(package, where="--package") if package else None
    found: list[_Inspected] = []
    for path in paths:
        tell(f"reading {disk.shown(path)}")
        form, opened = forms.read(path)
        tell(f"packing {disk.shown(path)}")
        reference = given or _default(opened)
        found.append(
            _Inspected(path, form, opened, _sizes(opened), _cached(opened, reference, wanted))
        )
    return Report(
        value={"packages": [_value(one) for one in found]},
        tables=tuple(table for one in found for table in _tables(one)),
    )


@dataclass(frozen=True)
class _Cached:
    """What a range of Crossplane lines calls a package in its cache."""

    lines: str
    reference: str
    is_admitted: bool
    file: str


@dataclass(frozen=True)
class _Inspected:
    """A package, and what was found out about it; sizes are in bytes."""

    path: Path
    form: Form
    package: Package
    sizes: dict[str, int]
    cached: tuple[_Cached, ...]


def _default(package: Package) -> Reference | None:
    """Return the reference of a declaration that gives none, under the package's own name."""
    try:
        return references.parse(f"{DEFAULT_REGISTRY}/{package.name}:v0.0.0", where="")
    except DevcacheError:
        return None  # its name is none of a package object either


def _sizes(package: Package) -> dict[str, int]:
    """Return sizes: of the package.yaml, as it lies in the cache, as it goes into the ConfigMap."""
    return {
        "packageYaml": package.package_yaml.size,
        "gzip": forms.packed_size(package),
        "xz": len(*packing.packed([package.package_yaml])),
    }


def _cached(
    package: Package, reference: Reference | None, wanted: Sequence[Layout]
) -> tuple[_Cached, ...]:
    return tuple(
        _Cached(
            lines=_lines(layout),
            reference=reference.text,
            is_admitted=layout.admits(reference),
            file=f"{layout.cache_root}/{layout.cache_key(reference, package.digest)}",
        )
        for layout in wanted
        if reference
    )


def _lines(layout: Layout) -> str:
    first, last = layouts.shown(layout.first), layouts.shown(layout.last)
    return first if first == last else f"{first}-{last}"


def _objects(package: Package) -> dict[str, int]:
    counted = Counter(f"{one.api_version} {one.kind}" for one in package.members)
    return dict(sorted(counted.items()))


def _value(found: _Inspected) -> Plain:
    package = found.package
    return {
        "path": str(found.path),
        "form": found.form,
        "apiVersion": package.api_version,
        "kind": package.kind,
        "name": package.name,
        "crossplane": package.crossplane,
        "digest": package.digest,
        "digestIsRegistrys": package.digest_is_registrys,
        "contentDigest": package.package_yaml.digest,
        "sizes": dict(found.sizes),
        "objects": dict(_objects(package)),
        "dependencies": [
            {"package": one.package, "constraint": one.constraint} for one in package.dependencies
        ],
        "cache": [
            {
                "crossplane": one.lines,
                "package": one.reference,
                "admitted": one.is_admitted,
                "file": one.file,
            }
            for one in found.cached
        ],
    }


def _tables(found: _Inspected) -> tuple[Table, Table]:
    package, sizes = found.package, found.sizes
    origin = "as a registry gives it" if package.digest_is_registrys else "of its package.yaml"
    facts = (
        ("kind", f"{package.kind} ({package.api_version})"),
        ("name", package.name),
        ("Crossplane", package.crossplane or "any"),
        ("digest", f"{package.digest} ({origin})"),
        ("package.yaml", f"{sizes['packageYaml']:,} bytes"),
        ("in the cache", f"{sizes['gzip']:,} bytes"),
        ("in the ConfigMap", f"{sizes['xz']:,} bytes"),
        *((f"{count} of", what) for what, count in _objects(package).items()),
        *(
            ("depends on", f"{one.package} {one.constraint}".rstrip())
            for one in package.dependencies
        ),
    )
    files = tuple(
        (one.lines, one.file if one.is_admitted else "not admitted") for one in found.cached
    )
    title = f"as {found.cached[0].reference}" if found.cached else ""
    return (
        Table(f"{disk.shown(found.path)}, {found.form}", ("", ""), facts),
        Table(title, ("CROSSPLANE", "FILE IN ITS CACHE"), files),
    )
