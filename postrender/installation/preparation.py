"""Prepares a cluster for helm: the namespace, bootstrap CRDs, the strategy, large packages."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from postrender import labels
from postrender.crossplane.api import bootstrap_crds
from postrender.helm import values
from postrender.installation import deployments
from postrender.live import conditions, kinds
from postrender.live.cluster import MANAGER
from postrender.live.kinds import CONFIG_MAPS, CRDS, DEPLOYMENTS, NAMESPACES
from postrender.payload import external

if TYPE_CHECKING:
    from postrender.installation.plan import Plan
    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Object
    from postrender.live.stopwatch import Stopwatch
    from postrender.manifests.nodes import Plain
    from postrender.result_cache import ResultCache

_HELM = "helm"
"""A part of the names of Helm's field managers, which are named after its program."""


def lacks_namespace(cluster: Cluster) -> bool:
    """Return whether the namespace does not exist."""
    return cluster.get(NAMESPACES, cluster.namespace) is None


def missing_definitions(cluster: Cluster, plan: Plan) -> list[Object]:
    """Return the bootstrap CRDs that the cluster lacks."""
    definitions = bootstrap_crds(plan.target)
    return [item for item in definitions if cluster.get(CRDS, kinds.name(item)) is None]


def edited_config_maps(cluster: Cluster) -> list[str]:
    """Return the ConfigMaps of releases that somebody edited by hand.

    Helm 4 refuses to apply them, and Helm 3 does not restore them.
    """
    return [
        kinds.name(config_map)
        for config_map in cluster.select(
            CONFIG_MAPS, {labels.PART_OF: labels.OWNER}, {labels.COMPONENT: labels.PAYLOAD}
        )
        if any(name != MANAGER and _HELM not in name for name in kinds.managers(config_map))
    ]


def rolling_deployments(cluster: Cluster, name: str, plan: Plan) -> list[str]:
    """Return the Deployments whose strategy must be patched before helm can change it."""
    return deployments.of_other_strategy(cluster, name) if values.recreates(plan.upstream) else []


def prepare(
    cluster: Cluster, name: str, plan: Plan, cache: ResultCache, stopwatch: Stopwatch
) -> None:
    """Prepare a cluster for helm. A repetition changes nothing.

    Args:
        cluster: The cluster.
        name: The name of the release.
        plan: The plan.
        cache: Results of earlier runs.
        stopwatch: Ends the wait for the CRDs.
    """
    if lacks_namespace(cluster):
        cluster.create(NAMESPACES, {"metadata": {"name": cluster.namespace}})
    for definition in bootstrap_crds(plan.target):
        if not cluster.create(CRDS, definition):
            _serve(cluster, definition)
    for definition in bootstrap_crds(plan.target):
        while not _is_established(cluster, kinds.name(definition)):
            stopwatch.wait(f"the API server does not serve {kinds.name(definition)} yet")
    for config_map in edited_config_maps(cluster):
        cluster.delete(CONFIG_MAPS, config_map)
    for deployment in rolling_deployments(cluster, name, plan):
        cluster.patch(DEPLOYMENTS, deployment, deployments.STRATEGY_PATCH)
    if plan.is_apart:
        for part in itertools.chain(*external.parts_of(plan.packages, cache).values()):
            cluster.create(CONFIG_MAPS, external.config_map(part, cluster.namespace))


def _serve(cluster: Cluster, definition: Object) -> None:
    """Add the version of a bootstrap CRD to a CRD of an older Crossplane.

    Helm needs the version before Crossplane replaces the CRD: up to 1.16, Functions have no v1.
    """
    name = kinds.name(definition)
    [version] = kinds.items(kinds.fields(definition).under("spec").values["versions"])
    current = cluster.get(CRDS, name)
    spec = kinds.fields(current or {}).under("spec")
    versions = [item.values for item in kinds.items(spec.values.get("versions"))]
    if not versions or version.text("name") in {item["name"] for item in versions}:
        return
    added: list[Plain] = [*versions, {**version.values, "storage": False}]
    cluster.patch(CRDS, name, {"spec": {"versions": added}})


def _is_established(cluster: Cluster, name: str) -> bool:
    definition = cluster.get(CRDS, name) or {}
    return any(
        (condition.type, condition.status) == ("Established", "True")
        for condition in conditions.of(definition)
    )
