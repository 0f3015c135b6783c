"""`init`: a commented values file for packages on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from postrender.declared import files, proposals
from postrender.errors import one_line
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.manifests import emit
from postrender.packages import disk, exclusions
from postrender.packages.exclusions import Exclusion

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from postrender.interface.progress import Tell

_TEMPLATES = Path(__file__).parents[1] / "templates"


def run(
    *, paths: Sequence[Path], tell: Tell, file: Path | None = None, ignore: Sequence[str] = ()
) -> str:
    """Return values of our chart that declare packages, with comments on the fields to fill in.

    Args:
        paths: Packages on disk.
        ignore: Patterns of files to leave out of the package directories. Patterns are proposed
            for other files that are not part of a package.
        tell: Shows the current step.
        file: A file to create with these values, or None to return them.

    Raises:
        DevcacheError: A package cannot be read, two packages would have the same name, or the file
            cannot be created.
    """
    import jinja2

    packages_at_paths: list[proposals.PackageAtPath] = []
    by_path: dict[str, Sequence[Exclusion]] = {}
    for path in paths:
        tell(f"reading {disk.title(path)}")
        package, further = exclusions.read(path, ignore)
        given = ignore if package.form == "directory" else ()
        by_path[str(path)] = [*(Exclusion(pattern, "") for pattern in given), *further]
        packages_at_paths.append((path, package))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # the output is YAML; the filters escape foreign text
    )
    environment.filters.update(yaml=emit.scalar, comment=one_line)
    template = environment.get_template("values.yaml.j2")
    proposed = proposals.propose(packages_at_paths)
    values = template.render(proposals=proposed, exclusions=by_path)
    if file is None:
        return values
    files.create(file, values)
    return f"wrote {files.title(file)}\n"


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.paths(parser)
    parser.add_argument(
        *("-f", "--file"), type=Path, metavar="FILE", help="a file to create (default: stdout)"
    )
    arguments.ignore(parser)


COMMAND = Command(
    help="print a commented values file for packages on disk",
    example="init ./platform ./network.xpkg >values.yaml",
    arguments=_arguments,
    run=run,
    shows="progress",
)
