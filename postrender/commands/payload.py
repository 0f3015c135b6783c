"""`payload`: the ConfigMaps outside of the release, to apply before it or to delete after it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import placement, result_cache
from postrender.declared import devcache, options
from postrender.errors import DevcacheError, raise_refusal
from postrender.interface import arguments
from postrender.interface.command import Command, Stdin
from postrender.manifests import emit, nodes
from postrender.payload import external
from postrender.payload.prune import unreferenced
from postrender.release import argocd

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from postrender.declared.devcache import DevCache
    from postrender.payload.external import Part


def run(  # noqa: PLR0913  # the options of the command line
    *,
    values_files: Sequence[Path] = (),
    config: Path | None = None,
    namespace: str = "",
    prune: bool = False,
    listed: bytes = b"",
    relative_to_file: bool = False,
) -> str:
    """Return the ConfigMaps as a YAML stream, or the names of unreferenced ConfigMaps.

    The ConfigMaps do not depend on the Crossplane version; only the index in the release does.

    Args:
        values_files: Values files of our chart, or none.
        config: A file with a DevCache document in place of values files, or None.
        namespace: The namespace of the release; by default the current one of kubectl.
        prune: Whether to return names instead: a line `configmap/NAME` for each listed ConfigMap
            that neither a workload nor the declaration references.
        listed: For `prune`, the list of `kubectl get` as JSON; see `prune.unreferenced`.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: The document, a package or the list is invalid, or the declaration leaves
            the packages in the release.
    """
    spec, _ = options.load(values_files, config, relative_to_file=relative_to_file)
    declared = devcache.read(spec, refuse=raise_refusal)
    if prune:
        parts = _parts(declared) if declared.payload_apart else []
        names = unreferenced(
            nodes.decode(listed, where="stdin"),
            where="stdin",
            namespace=namespace,
            declared=[part.config_map for part in parts],
        )
        return "".join(f"configmap/{name}\n" for name in names)
    if not declared.payload_apart:
        problem = "puts the packages into the release: there are no other ConfigMaps to print"
        raise DevcacheError(problem, where=spec.where, hint="set payload: apart")
    config_maps = [external.config_map(part, namespace) for part in _parts(declared)]
    if declared.argocd:
        config_maps = argocd.annotated(config_maps)
    return "".join(map(emit.document, config_maps))


def _parts(declared: DevCache) -> list[Part]:
    cache = result_cache.of_user(os.environ)
    return [
        part
        for declaration in declared.packages
        for part in external.split(
            declaration.name, placement.read(declaration, Path(), cache).package_yaml, cache
        )
    ]


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.declaration(parser)
    parser.add_argument(*("-n", "--namespace"), metavar="NAME", help="the namespace of the release")
    parser.add_argument(
        "--prune",
        action="store_true",
        help="print the names of ConfigMaps that nothing references; read kubectl's list on stdin",
    )


COMMAND = Command(
    help="print the ConfigMaps outside the release, to apply before helm runs",
    example="payload -f values.yaml | kubectl apply --server-side -f -",
    arguments=_arguments,
    run=run,
    problem=arguments.declaration_problem,
    stdin=Stdin(
        parameter="listed",
        origin="a list from stdin: kubectl get configmaps,deployments,replicasets,pods",
        option="prune",
    ),
)
