"""`add`: adds a package to an existing values file or DevCache document."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from postrender import packages, requirements, result_cache
from postrender.checks import check
from postrender.checks.inputs import read
from postrender.crossplane import references
from postrender.crossplane.target import Target
from postrender.declared import devcache, files, options, paths, proposals, replacement
from postrender.errors import DevcacheError
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.manifests import nodes
from postrender.packages import disk, exclusions
from postrender.roundtrip import addition

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from postrender.manifests.nodes import Plain
    from postrender.packages import Package


def run(  # noqa: PLR0913  # the options of the command line
    *,
    path: Path,
    file: Path,
    name: str = "",
    package: str = "",
    runtime_image: str = "",
    crossplane: str = "",
    ignore: Sequence[str] = (),
    relative_to_file: bool = False,
) -> str:
    """Add a package to a file, and return a message, with warnings.

    Args:
        path: A package on disk.
        file: The file to change, with values of our chart or a DevCache document.
        name: The name of the package object; by default the name that a declared package which
            depends on it requires, else its own name.
        package: Its `spec.package`; by default the one that such a package requires, else none.
        runtime_image: The image that the package runs, `embedded`, or "" for the runtime in its
            file, if there is one.
        crossplane: The Crossplane version; by default the declared one, else that of our chart.
        ignore: Patterns of files to leave out of a package directory. Patterns are added for other
            files that are not part of the package.
        relative_to_file: Whether relative package paths in the file start from its folder, and not
            from the working directory.

    Raises:
        DevcacheError: The package cannot be read, the file cannot be read or changed, has a key
            twice or already has the package, an option is invalid, or the filter would refuse the
            package.
    """
    if crossplane:
        Target.parse(crossplane, where="--crossplane")
    where = files.title(file)
    with replacement.open_original(file) as original:
        text = original.text
        folder = file.parent if relative_to_file else None
        declared = list(_declared(text, where, folder or Path()))
        on_disk, proposed = exclusions.read(path, ignore)
        patterns = [*ignore, *(exclusion.pattern for exclusion in proposed)]
        (proposal,) = proposals.propose([(path, on_disk)], declared)
        name = name or proposal.name
        package = package or proposal.package
        devcache.check_name(name, where="--name")
        if package:
            references.parse(package, where="--package")
        options_: dict[str, Plain] = {"package": package, "runtimeImage": runtime_image}
        fields = {key: value for key, value in options_.items() if value}
        entry = {**proposal.entry(patterns), **fields}
        if folder:
            entry["path"] = str(paths.to_folder(path, folder))
        new_text = addition.with_package(text, name, entry, where=where)
        warnings: list[str] = []
        before, after = (
            _problems(version, where, crossplane, folder) for version in (text, new_text)
        )
        if before and after:
            for refusal in _new_refusals(before.refusals, after.refusals):
                raise refusal
            warnings = [
                f"warning: {refusal}\n"
                for refusal in _new_refusals(before.unhealthy, after.unhealthy)
            ]
        replacement.replace(original, new_text)
    notes = (
        f"it leaves out {disk.title(exclusion.pattern)}: {exclusion.reason}\n"
        for exclusion in proposed
    )
    return "".join([f"added {name} to {where}\n", *notes, *warnings])


class _Problems(NamedTuple):
    """The problems of the packages that a file declares.

    Attributes:
        refusals: The refusals of the filter.
        unhealthy: The refusals of packages that can never become Healthy.
    """

    refusals: Sequence[DevcacheError]
    unhealthy: Sequence[DevcacheError]


def _problems(text: str, where: str, crossplane: str, folder: Path | None) -> _Problems | None:
    """Return the problems of the packages in a text, or None if `check` cannot read the text."""
    refusals: list[DevcacheError] = []
    try:
        spec, upstream = options.of_text(text, where=where)
        if folder:
            spec = spec._replace(values=paths.from_folder(spec.values, folder))
        inputs = read(
            spec,
            upstream,
            crossplane=crossplane,
            tell=lambda _: None,
            refuse=refusals.append,
            cache=result_cache.of_user(os.environ),
        )
    except DevcacheError:
        return None
    # The dependencies may be added later.
    refusals += check.refusals(inputs, upstream, offline=False)
    unhealthy = requirements.refusals(inputs.packages, inputs.target, inputs.unreadable)
    return _Problems(refusals, tuple(unhealthy))


def _new_refusals(
    before: Iterable[DevcacheError], after: Iterable[DevcacheError]
) -> list[DevcacheError]:
    messages = {refusal.args for refusal in before}
    return [refusal for refusal in after if refusal.args not in messages]


def _declared(text: str, where: str, folder: Path) -> Iterator[Package]:
    """Yield the packages that a file already declares, without those that cannot be read."""
    root = nodes.compose(text, where=where)
    for _, declared in nodes.pairs(nodes.get(root, *addition.packages_path(root, where=where))):
        path = nodes.text(nodes.get(declared, "path"))
        ignore = tuple(map(nodes.text, nodes.items(nodes.get(declared, "ignore"))))
        try:
            yield packages.read(folder / path, ignore=ignore)
        except DevcacheError:
            continue  # `check` reports it


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help=arguments.PACKAGE)
    parser.add_argument(
        *("-f", "--file"), type=Path, required=True, metavar="FILE", help="the file to change"
    )
    arguments.relative_to_file(parser)
    parser.add_argument("--name", help="the name of the package object")
    parser.add_argument("--package", metavar="REFERENCE", help="the spec.package of the object")
    arguments.ignore(parser)
    parser.add_argument(
        "--runtime-image", metavar="IMAGE", help="the image of a Provider or Function"
    )
    arguments.declared_crossplane(parser)


COMMAND = Command(
    help="add a package to a values file or a DevCache document",
    example="add -f values.yaml ./platform",
    arguments=_arguments,
    run=run,
)
