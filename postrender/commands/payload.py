"""`payload`: the ConfigMaps beside the release, to apply before it; or those to delete after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from postrender.cache import placement
from postrender.declared import devcache, files
from postrender.errors import DevcacheError
from postrender.manifests import emit
from postrender.release import apart, unreferenced

if TYPE_CHECKING:
    from postrender.declared.devcache import DevCache
    from postrender.release.apart import Part


def run(*, config: Path, namespace: str = "", prune: bool = False, listed: bytes = b"") -> str:
    """Return the ConfigMaps as a YAML stream, or the names of those that are of no use any more.

    They are the same for every Crossplane: only the index in the release depends on it.

    Args:
        config: A file with a DevCache document.
        namespace: The release's namespace; default: that of whoever applies them.
        prune: Return names instead, each as `configmap/NAME` on a line: of what is listed, those
            that neither a workload nor the declaration references.
        listed: For `prune`, what `kubectl get` lists as JSON; see `unreferenced.names`.

    Raises:
        DevcacheError: The document, a package or the list is not as it must be, or the
            declaration leaves the packages in the release.
    """
    where = files.shown(config)
    declared = devcache.load(files.text(config), where=where)
    if prune:
        kept = [part.config_map for part in _parts(declared)] if declared.payload_apart else []
        text = files.decoded(listed, where="stdin")
        found = unreferenced.names(text, where="stdin", namespace=namespace, kept=kept)
        return "".join(f"configmap/{name}\n" for name in found)
    if not declared.payload_apart:
        problem = "leaves the packages in the release: there is nothing to apply apart from it"
        raise DevcacheError(problem, where=where, hint="set payload: apart")
    made = (apart.config_map(part, namespace) for part in _parts(declared))
    return "".join(map(emit.document, made))


def _parts(declared: DevCache) -> list[Part]:
    read = ((one.name, placement.read(one, Path())) for one in declared.packages)
    return [part for name, package in read for part in apart.split(name, package.package_yaml)]
