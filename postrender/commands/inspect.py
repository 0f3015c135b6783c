"""`inspect`: packages on disk, and their files in the cache of each Crossplane version."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender import packages, result_cache
from postrender.crossplane import references
from postrender.crossplane.target import Target
from postrender.declared.devcache import DEFAULT_REGISTRY
from postrender.errors import DevcacheError
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.interface.report import Report, Table
from postrender.packages import disk
from postrender.payload import compression

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from postrender.crossplane.references import Reference
    from postrender.interface.progress import Tell
    from postrender.manifests.nodes import Plain
    from postrender.packages import Package, Runtime
    from postrender.result_cache import ResultCache


def run(
    *,
    paths: Sequence[Path],
    tell: Tell,
    crossplane: str = "",
    package: str = "",
    ignore: Sequence[str] = (),
) -> Report:
    """Return a report of packages on disk.

    Args:
        paths: Packages on disk.
        tell: Shows the current step.
        crossplane: The Crossplane version whose cache file to report; by default all lines.
        package: The `spec.package` whose cache file to report; by default the one of a declaration
            that names none.
        ignore: For package directories, patterns of files to leave out.

    Raises:
        DevcacheError: A package cannot be read, the version is not supported, or the reference
            is invalid.
    """
    where = "--crossplane"
    ranges = [Target.parse(crossplane, where=where)] if crossplane else Target.of_all_layouts()
    reference = references.parse(package, where="--package") if package else None
    cache = result_cache.of_user(os.environ)
    inspections: list[_Inspection] = []
    for path in paths:
        tell(f"reading {disk.title(path)}")
        on_disk = packages.read(path, ignore=ignore, cache=cache)
        tell(f"packing {disk.title(path)}")
        files = _cache_files(on_disk, reference or _default(on_disk), ranges)
        inspections.append(_Inspection(path, on_disk, _sizes(on_disk, cache), files))
    return Report(
        value={"packages": [_value(inspection) for inspection in inspections]},
        tables=tuple(table for inspection in inspections for table in _tables(inspection)),
    )


@dataclass(frozen=True)
class _CacheFile:
    """The file of a package in the cache of a range of Crossplane lines."""

    lines: str
    reference: str
    is_admitted: bool
    file: str


@dataclass(frozen=True)
class _Inspection:
    """A package with its sizes in bytes and its files in caches."""

    path: Path
    package: Package
    sizes: dict[str, int]
    cache_files: tuple[_CacheFile, ...]


def _default(package: Package) -> Reference | None:
    """Return the reference of a declaration that names none, under the package's own name."""
    try:
        return references.parse(f"{DEFAULT_REGISTRY}/{package.name}:v0.0.0", where="")
    except DevcacheError:
        return None  # the name is also invalid for a package object


def _sizes(package: Package, cache: ResultCache) -> dict[str, int]:
    """Return the sizes in bytes of the package.yaml, its gzip in the cache and its xz."""
    return {
        "packageYaml": package.package_yaml.size,
        "gzip": compression.gzip_size(package.package_yaml, cache),
        "xz": len(*compression.packed([package.package_yaml], cache)),
    }


def _cache_files(
    package: Package, reference: Reference | None, ranges: Iterable[Target]
) -> tuple[_CacheFile, ...]:
    return tuple(
        _CacheFile(
            lines=target.layout.lines,
            reference=reference.text,
            is_admitted=target.admits(reference),
            file=target.cache_file(reference, package.digest),
        )
        for target in ranges
        if reference
    )


def _objects(package: Package) -> dict[str, int]:
    counts = Counter(f"{member.api_version} {member.kind}" for member in package.members)
    return dict(sorted(counts.items()))


def _value(inspection: _Inspection) -> Plain:
    package = inspection.package
    return {
        "path": str(inspection.path),
        "form": package.form,
        "apiVersion": package.api_version,
        "kind": package.kind,
        "name": package.name,
        "crossplane": package.crossplane,
        "digest": package.digest,
        "digestIsRegistrys": package.digest_is_registrys,
        "contentDigest": package.package_yaml.digest,
        "sizes": dict(inspection.sizes),
        "runtime": _runtime_value(package.runtime),
        "objects": dict(_objects(package)),
        "dependencies": [
            {"package": dependency.package, "constraint": dependency.constraint}
            for dependency in package.dependencies
        ],
        "cache": [
            {
                "crossplane": cache_file.lines,
                "package": cache_file.reference,
                "admitted": cache_file.is_admitted,
                "file": cache_file.file,
            }
            for cache_file in inspection.cache_files
        ],
    }


def _runtime_value(runtime: Runtime | None) -> Plain:
    if runtime is None:
        return None
    return {
        "platform": runtime.platform,
        "entrypoint": list(runtime.entrypoint),
        "command": list(runtime.command),
        "layers": runtime.layers,
        "size": runtime.size,
    }


def _runtime_rows(runtime: Runtime | None) -> tuple[tuple[str, str], ...]:
    if runtime is None:
        return ()
    noun = "layer" if runtime.layers == 1 else "layers"
    size = f"{runtime.layers} {noun}, {runtime.size:,} bytes"
    words = shlex.join((*runtime.entrypoint, *runtime.command))
    return (
        ("runtime", f"{runtime.platform or 'unknown platform'}, {size}"),
        ("runs", words or "nothing: it has no entrypoint"),
    )


def _tables(inspection: _Inspection) -> tuple[Table, Table]:
    package, sizes = inspection.package, inspection.sizes
    origin = "as in a registry" if package.digest_is_registrys else "of its package.yaml"
    facts = (
        ("kind", f"{package.kind} ({package.api_version})"),
        ("name", package.name),
        ("Crossplane", package.crossplane or "any"),
        ("digest", f"{package.digest} ({origin})"),
        ("package.yaml", f"{sizes['packageYaml']:,} bytes"),
        ("in the cache", f"{sizes['gzip']:,} bytes"),
        ("in the ConfigMap", f"{sizes['xz']:,} bytes"),
        *_runtime_rows(package.runtime),
        *(("contains", f"{count} {kind}") for kind, count in _objects(package).items()),
        *(
            ("depends on", f"{dependency.package} {dependency.constraint}".rstrip())
            for dependency in package.dependencies
        ),
    )
    files = tuple(
        (cache_file.lines, cache_file.file if cache_file.is_admitted else "not admitted")
        for cache_file in inspection.cache_files
    )
    title = f"as {inspection.cache_files[0].reference}" if inspection.cache_files else ""
    return (
        Table(f"{disk.title(inspection.path)}, {package.form}", ("", ""), facts),
        Table(title, ("CROSSPLANE", "FILE IN ITS CACHE"), files),
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.paths(parser)
    arguments.crossplane(parser, "show only the cache file of this version")
    parser.add_argument(
        "--package", metavar="REFERENCE", help="the spec.package for the cache files"
    )
    arguments.ignore(parser)
    arguments.output(parser)


COMMAND = Command(
    help="show packages on disk, and their file names in a cache",
    example="inspect ./platform ./network.xpkg",
    arguments=_arguments,
    run=run,
    shows="progress",
)
