"""`objects`: the package objects, to apply them apart from the release."""

from __future__ import annotations

from pathlib import Path

from postrender.cache import layouts, placement
from postrender.declared import devcache, files
from postrender.manifests import emit
from postrender.release import objects


def run(
    *, config: Path, crossplane: str, release: str | None = None, namespace: str | None = None
) -> str:
    """Return the objects of all declared packages as a YAML stream, installed or not.

    Args:
        config: A file with a DevCache document.
        crossplane: The Crossplane version that they are for.
        release: The Helm release that may adopt them, or None.
        namespace: That release's namespace; given with `release`.

    Raises:
        DevcacheError: The version, the document or a package is not as it must be.
    """
    version = layouts.require_version(crossplane, where="--crossplane")
    layout = layouts.layout_of(version, where="--crossplane")
    declared = devcache.load(files.text(config), where=files.shown(config))
    placed = placement.place(declared, version, layout, Path())
    found = objects.package_objects(placed, layout, installed_only=False)
    if release and namespace:
        found = [objects.owned(one, release, namespace) for one in found]
    return "".join(map(emit.document, found))
