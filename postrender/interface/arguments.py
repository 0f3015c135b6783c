"""The arguments that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from postrender.interface.command import Options

OUTPUTS = ("table", "json")
"""The forms of a report."""

PACKAGE = "a package directory or a package file, e.g. an .xpkg"
"""The description of a path of a package."""


def none(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no arguments."""


def paths(parser: argparse.ArgumentParser) -> None:
    """Add an argument for one or more packages on disk."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=PACKAGE)


def ignore(parser: argparse.ArgumentParser) -> None:
    """Add an option for the patterns of files to leave out of package directories."""
    description = (
        "comma-separated patterns of files to leave out of a package directory, as for"
        " `crossplane xpkg build`; may be repeated"
    )
    parser.add_argument(
        "--ignore", action="extend", type=_patterns, metavar="PATTERN", help=description
    )


def _patterns(text: str) -> list[str]:
    r"""Return the patterns of a list, in which `\,` is a comma, as in the crossplane CLI.

    See kong 1.14.0, mapper.go, SplitEscaped.
    """
    patterns = [""]
    for piece in re.findall(r"\\.|,|[^\\,]+|\\", text, re.DOTALL):
        if piece == ",":
            patterns.append("")
        else:
            patterns[-1] += "," if piece == r"\," else piece
    return [pattern for pattern in patterns if pattern]


def optional_paths(parser: argparse.ArgumentParser) -> None:
    """Add `-f`, and an argument for packages on disk; the default is all declared packages."""
    description = f"{PACKAGE}; default: all declared packages"
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help=description)
    values(parser)


def values(parser: argparse.ArgumentParser) -> None:
    """Add `-f`, for values files of our chart."""
    parser.add_argument(
        *("-f", "--values"),
        dest="values_files",
        action="append",
        type=Path,
        metavar="FILE",
        help="a values file of our chart; may be repeated",
    )
    relative_to_file(parser)


def relative_to_file(parser: argparse.ArgumentParser) -> None:
    """Add an option that makes package paths relative to the file that declares them."""
    parser.add_argument(
        "--relative-to-file",
        action="store_true",
        help="relative package paths start from the folder of the file that sets them"
        " (default: the working directory)",
    )


def declaration(parser: argparse.ArgumentParser) -> None:
    """Add `-f` and `--config`; a call must have exactly one of these options."""
    values(parser)
    description = "a DevCache document, in place of -f"
    parser.add_argument("--config", type=Path, metavar="FILE", help=description)


def part(parser: argparse.ArgumentParser) -> None:
    """Add an option for a part of the output of the filter."""
    description = "write only a part: `core` needs no CRDs of Crossplane, `packages` needs them"
    parser.add_argument("--part", choices=("core", "packages"), help=description)


def declaration_problem(options: Options) -> str:
    """Return the problem of a call that has both or neither of these options, or ""."""
    given = {"config", "values_files"} & options.keys()
    if len(given) == 1:
        return ""
    return "-f and --config exclude each other" if given else "-f FILE or --config FILE is required"


def cluster(parser: argparse.ArgumentParser) -> None:
    """Add options for the namespace of a release and the context of the kubeconfig."""
    parser.add_argument(
        *("-n", "--namespace"),
        metavar="NAME",
        help="the namespace of the release (default: crossplane-system)",
    )
    parser.add_argument("--context", metavar="NAME", help="the context in the kubeconfig")


def loader(parser: argparse.ArgumentParser) -> None:
    """Add an option for the program that loads images into the nodes."""
    parser.add_argument(
        "--loader",
        metavar="COMMAND",
        help="a command that reads an image archive from stdin (default: that of the context)",
    )


def timeout(parser: argparse.ArgumentParser) -> None:
    """Add an option for a timeout in seconds."""
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="the longest time to wait (default: 300)"
    )


def delete_resources(parser: argparse.ArgumentParser) -> None:
    """Add an option that deletes the resources of APIs before their packages."""
    parser.add_argument(
        "--delete-resources",
        action="store_true",
        help="first delete the composite and managed resources of the removed APIs",
    )


def crossplane(
    parser: argparse.ArgumentParser, description: str, *, required: bool = False
) -> None:
    """Add an option for a Crossplane version."""
    parser.add_argument("--crossplane", required=required, metavar="VERSION", help=description)


def declared_crossplane(parser: argparse.ArgumentParser) -> None:
    """Add an option for a Crossplane version in place of the declared one."""
    crossplane(parser, "the version (default: the declared version, or that of our chart)")


def offline(parser: argparse.ArgumentParser, description: str) -> None:
    """Add an option for dependencies that must be local."""
    parser.add_argument("--offline", action="store_true", help=description)


def output(
    parser: argparse.ArgumentParser,
    forms: Sequence[str] = OUTPUTS,
    description: str = "table for people, json for programs",
) -> None:
    """Add an option for the form of the report."""
    parser.add_argument("-o", "--output", choices=forms, help=f"the format: {description}")
