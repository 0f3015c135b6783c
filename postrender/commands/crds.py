"""`crds`: small CRDs that let Helm create package objects on an empty cluster."""

from __future__ import annotations

from postrender.cache import layouts
from postrender.manifests import emit
from postrender.release.crds import bootstrap_crds


def run(*, crossplane: str) -> str:
    """Return the bootstrap CRDs for a Crossplane version as a YAML stream.

    Raises:
        DevcacheError: The version is none, or not supported.
    """
    version = layouts.require_version(crossplane, where="--crossplane")
    layout = layouts.layout_of(version, where="--crossplane")
    return "".join(map(emit.document, bootstrap_crds(layout)))
