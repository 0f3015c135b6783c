"""`payload`: the ConfigMaps beside the release, to apply before it; or those to delete after it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import results
from postrender.cache import placement
from postrender.declared import devcache, given
from postrender.errors import DevcacheError, raised
from postrender.manifests import emit, nodes
from postrender.release import apart, unreferenced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postrender.declared.devcache import DevCache
    from postrender.release.apart import Part


def run(
    *,
    values_files: Sequence[Path] = (),
    config: Path | None = None,
    namespace: str = "",
    prune: bool = False,
    listed: bytes = b"",
) -> str:
    """Return the ConfigMaps as a YAML stream, or the names of those that are of no use any more.

    They are the same for every Crossplane: only the index in the release depends on it.

    Args:
        values_files: Values files of our chart, or none.
        config: A file with a DevCache document instead.
        namespace: The release's namespace; default: that of whoever applies them.
        prune: Return names instead, each as `configmap/NAME` on a line: of what is listed, those
            that neither a workload nor the declaration references.
        listed: For `prune`, what `kubectl get` lists as JSON; see `unreferenced.names`.

    Raises:
        DevcacheError: The document, a package or the list is not as it must be, or the
            declaration leaves the packages in the release.
    """
    spec, _ = given.specified(values_files, config)
    declared = devcache.read(spec, refuse=raised)
    if prune:
        kept = [part.config_map for part in _parts(declared)] if declared.payload_apart else []
        text = nodes.decoded(listed, where="stdin")
        found = unreferenced.names(text, where="stdin", namespace=namespace, kept=kept)
        return "".join(f"configmap/{name}\n" for name in found)
    if not declared.payload_apart:
        problem = "leaves the packages in the release: there is nothing to apply apart from it"
        raise DevcacheError(problem, where=spec.where, hint="set payload: apart")
    made = (apart.config_map(part, namespace) for part in _parts(declared))
    return "".join(map(emit.document, made))


def _parts(declared: DevCache) -> list[Part]:
    kept = results.of_user(os.environ)
    read = ((one.name, placement.read(one, Path(), kept)) for one in declared.packages)
    return [
        part for name, package in read for part in apart.split(name, package.package_yaml, kept)
    ]
