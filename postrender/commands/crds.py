"""`crds`: small CRDs that let Helm create package objects on an empty cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.crossplane.api import bootstrap_crds
from postrender.crossplane.target import Target
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.manifests import emit

if TYPE_CHECKING:
    import argparse


def run(*, crossplane: str) -> str:
    """Return the bootstrap CRDs for a Crossplane version as a YAML stream.

    Raises:
        DevcacheError: The version is invalid, or not supported.
    """
    target = Target.parse(crossplane, where="--crossplane")
    return "".join(map(emit.document, bootstrap_crds(target)))


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.crossplane(parser, "the Crossplane version, e.g. 1.20", required=True)


COMMAND = Command(
    help="print bootstrap CRDs for an upstream chart",
    example="crds --crossplane 2.4 | kubectl apply --server-side -f -",
    arguments=_arguments,
    run=run,
)
