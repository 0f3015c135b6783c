"""`image`: writes the runtime that a package embeds as an image archive, or loads it into nodes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import placement, result_cache
from postrender.crossplane import references
from postrender.declared.devcache import (
    DEFAULT_REGISTRY,
    EMBEDDED,
    PackageDeclaration,
    Settings,
    check_name,
)
from postrender.declared.files import title
from postrender.errors import DevcacheError
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.interface.report import Report, Table
from postrender.packages import imagearchive

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from postrender.interface.command import Options
    from postrender.interface.progress import Tell
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache

_LOAD = Path("load")
"""The first path of a call that loads images."""


def run(  # noqa: PLR0913  # the options of the command line
    *,
    tell: Tell,
    paths: Sequence[Path] = (),
    values_files: Sequence[Path] = (),
    name: str = "",
    namespace: str = "crossplane-system",
    context: str = "",
    loader: str = "",
    relative_to_file: bool = False,
) -> Iterator[bytes] | Report:
    """Return the archive of an image in pieces, or load images and return the report.

    Args:
        tell: Shows the current step.
        paths: A package on disk; or `load` and packages on disk.
        values_files: With `load`, values files of our chart, in place of packages.
        name: The name of the package object, which names the image; by default the package's own
            name.
        namespace: The namespace of the release.
        context: The context of the kubeconfig, or "" for the current one.
        loader: A command that reads an archive from stdin; by default the one of the context.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: A package cannot be read, has no runtime, or cannot be loaded.
    """
    cache = result_cache.of_user(os.environ)
    if not _loads(paths):
        return _pieces(_package(paths[0], name, cache))
    from postrender.live import images, selection  # noqa: PLC0415  # slow: only `load` needs them
    from postrender.live.cluster import Cluster  # noqa: PLC0415

    packages = [_package(path, name, cache) for path in paths[1:]]
    packages += [
        _local(declaration, cache)
        for declaration in selection.of_values(values_files, relative_to_file=relative_to_file)
        if declaration.settings and declaration.settings.is_embedded
    ]
    if not packages:
        problem = "there is no image to load: no package has runtimeImage: embedded"
        raise DevcacheError(problem, hint="name a package that embeds its runtime")
    loaded_images = images.load(Cluster(context, namespace, loader), packages, tell)
    rows = [
        (package.name, package.embedded_image, _state(package, loaded_images))
        for package in packages
    ]
    return Report(
        value={
            "images": [
                {"name": name, "image": image, "state": state} for name, image, state in rows
            ]
        },
        tables=(Table("Images", ("PACKAGE", "IMAGE", "STATE"), tuple(rows)),),
        summary=f"loaded: {len(loaded_images)}",
    )


def _loads(paths: Sequence[Path]) -> bool:
    return not paths or paths[0] == _LOAD


def _state(package: LocalPackage, loaded_images: Sequence[str]) -> str:
    return "loaded" if package.embedded_image in loaded_images else "on the nodes"


def _package(path: Path, name: str, cache: ResultCache) -> LocalPackage:
    """Return a package on disk that runs its embedded runtime."""
    from postrender import packages  # noqa: PLC0415  # it has the name of a variable of `run`

    name = name or packages.read(path, cache=cache).name
    check_name(name, where=f"the package at {title(path)}")
    text = f"{DEFAULT_REGISTRY}/{name}:v0.0.0"
    reference = references.parse(text, where=f"package {name}")
    return _local(
        PackageDeclaration(name, str(path), reference, settings=Settings(EMBEDDED)), cache
    )


def _local(declaration: PackageDeclaration, cache: ResultCache) -> LocalPackage:
    on_disk = placement.read(declaration, Path(), cache)
    package = placement.LocalPackage(declaration, on_disk, cache_key="", dependencies=())
    for refusal in placement.runtime_refusals(package):
        raise refusal
    return package


def _pieces(package: LocalPackage) -> Iterator[bytes]:
    runtime = package.on_disk.runtime
    assert runtime is not None  # noqa: S101  # `_local` refuses it
    path = Path(package.declaration.path)
    with imagearchive.open_archive(path, package.embedded_image, runtime.digest) as archive:
        yield from archive


def _problem(options: Options) -> str:
    paths = options.get("paths") or []
    assert isinstance(paths, list)  # noqa: S101  # by its argument
    if not _loads(paths):
        options_of_load = {"values_files", "namespace", "context", "loader", "output"}
        if len(paths) > 1 or options_of_load & options.keys():
            return "takes one path; `image load` takes several, and the options of a cluster"
    elif len(paths) < 2 and not options.get("values_files"):  # noqa: PLR2004  # `load` and a path
        return "a path is required; or `load` and paths, or `load` and -f FILE"
    return ""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="a package with a runtime, to write its archive; `load PATH...` loads images instead",
    )
    arguments.values(parser)
    parser.add_argument("--name", help="the name of the package object, which names the image")
    arguments.cluster(parser)
    arguments.loader(parser)
    arguments.output(parser)


COMMAND = Command(
    help="write the runtime in a package as an image archive, or load it into the nodes",
    example="image load ./function-zones.xpkg",
    arguments=_arguments,
    run=run,
    problem=_problem,
    shows="progress",
)
