"""`add`: adds a package to an existing values file or DevCache document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from postrender import packages
from postrender.crossplane import references
from postrender.declared import devcache, files, proposals, replacement
from postrender.errors import DevcacheError
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.manifests import nodes
from postrender.roundtrip import addition

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from postrender.manifests.nodes import Plain
    from postrender.packages import Package


def run(
    *, path: Path, file: Path, name: str = "", package: str = "", runtime_image: str = ""
) -> str:
    """Add a package to a file, and return a message.

    Args:
        path: A package on disk.
        file: The file to change, with values of our chart or a DevCache document.
        name: The name of the package object; by default the name that a declared package which
            depends on it requires, else its own name.
        package: Its `spec.package`; by default the one that such a package requires, else none.
        runtime_image: The image that the package runs, or "".

    Raises:
        DevcacheError: The package cannot be read, the file cannot be read or changed, the file
            already has the package, or the name or reference is invalid.
    """
    where = files.title(file)
    with replacement.open_original(file) as original:
        text = original.text
        declared = list(_declared(text, where))
        (proposal,) = proposals.propose([(path, packages.read(path))], declared)
        name = name or proposal.name
        warns = proposal.package and not (package or proposal.is_in_range)
        package = package or proposal.package
        devcache.check_name(name, where="--name")
        if package:
            references.parse(package, where="--package")
        entry: dict[str, Plain] = {
            "path": proposal.path,
            **({"package": package} if package else {}),
            **({"runtimeImage": runtime_image} if runtime_image else {}),
        }
        replacement.replace(original, addition.with_package(text, name, entry, where=where))
    warning = "no tag was found in the ranges of all packages that depend on it: edit its package\n"
    return f"added {name} to {where}\n{warning if warns else ''}"


def _declared(text: str, where: str) -> Iterator[Package]:
    """Yield the packages that a file already declares, without those that cannot be read."""
    root = nodes.compose(text, where=where)
    for _, declared in nodes.pairs(nodes.get(root, *addition.packages_path(root, where=where))):
        path = nodes.text(nodes.get(declared, "path"))
        try:
            yield packages.read(Path(path))
        except DevcacheError:
            continue  # `check` reports it


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help=arguments.PACKAGE)
    parser.add_argument(
        *("-f", "--file"), type=Path, required=True, metavar="FILE", help="the file to change"
    )
    parser.add_argument("--name", help="the name of the package object")
    parser.add_argument("--package", metavar="REFERENCE", help="the spec.package of the object")
    parser.add_argument(
        "--runtime-image", metavar="IMAGE", help="the image of a Provider or Function"
    )


COMMAND = Command(
    help="add a package to a values file or a DevCache document",
    example="add -f values.yaml ./platform",
    arguments=_arguments,
    run=run,
)
