"""`objects`: the package objects, to apply them separately from the release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from postrender import placement
from postrender.crossplane.target import Target
from postrender.declared import config as config_file
from postrender.declared import devcache
from postrender.errors import raise_refusal
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.manifests import emit
from postrender.release import objects

if TYPE_CHECKING:
    import argparse

    from postrender.interface.command import Options


def run(
    *,
    config: Path,
    crossplane: str,
    release: str | None = None,
    namespace: str | None = None,
    relative_to_file: bool = False,
) -> str:
    """Return the objects of all declared packages, even with `install: false`, as a YAML stream.

    Args:
        config: A file with a DevCache document.
        crossplane: The Crossplane version of the cluster.
        release: The Helm release that may adopt the objects, or None.
        namespace: The namespace of that release; required with `release`.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: The version, the document or a package is invalid.
    """
    target = Target.parse(crossplane, where="--crossplane")
    spec = config_file.load(config, relative_to_file=relative_to_file)
    declared = devcache.read(spec, refuse=raise_refusal)
    packages = placement.place(declared.packages, target, Path(), offline=declared.offline)
    result = objects.of_packages(packages, target)
    if release and namespace:
        result = [objects.owned(value, release, namespace) for value in result]
    return "".join(map(emit.document, result))


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.crossplane(parser, "the Crossplane version, e.g. 1.20", required=True)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="a DevCache document (required)"
    )
    arguments.relative_to_file(parser)
    parser.add_argument(
        "--release", metavar="NAME", help="the Helm release that can adopt the objects"
    )
    parser.add_argument(*("-n", "--namespace"), metavar="NAME", help="the namespace of the release")


def _problem(options: Options) -> str:
    if "config" not in options:
        return "--config FILE is required"
    if ("release" in options) != ("namespace" in options):
        return "--release and --namespace require each other"
    return ""


COMMAND = Command(
    help="print the package objects, to apply them separately",
    example="objects --config devcache.yaml --crossplane 2.4 | kubectl apply -f -",
    arguments=_arguments,
    run=run,
    problem=_problem,
)
