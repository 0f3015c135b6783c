"""The annotations that make Argo CD apply the added objects in an order that works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender import labels
from postrender.release import objects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.manifests.nodes import Plain

SERVER_SIDE_APPLY = "ServerSideApply=true"
"""The option of the ConfigMaps: a client-side apply copies an object into an annotation, and
Kubernetes limits all annotations of an object to 256 KiB."""

_SKIP_DRY_RUN = "SkipDryRunOnMissingResource=true"
"""The option of the kinds that Crossplane installs: Argo CD tries each object before it applies the
first one, and fails if the cluster does not have one of the kinds."""

_SETTINGS_WAVE, _PACKAGES_WAVE = "1", "2"
"""Crossplane is in wave 0. Argo CD waits until the objects of a wave are healthy, and deletes an
application in the reverse order. So Crossplane installs its CRDs before wave 1, and it runs until
its packages are gone."""


def annotated(added: Iterable[dict[str, Plain]]) -> list[dict[str, Plain]]:
    """Return added objects with the annotations for Argo CD.

    Args:
        added: The ConfigMap, and the result of `objects.of_release`.
    """
    return [objects.annotated(value, _annotations(str(value["kind"]))) for value in added]


def _annotations(kind: str) -> dict[str, str]:
    if kind == "ConfigMap":
        return {labels.SYNC_OPTIONS: SERVER_SIDE_APPLY}
    is_setting = kind in {"ImageConfig", "DeploymentRuntimeConfig"}
    wave = _SETTINGS_WAVE if is_setting else _PACKAGES_WAVE
    return {labels.SYNC_WAVE: wave, labels.SYNC_OPTIONS: _SKIP_DRY_RUN}
