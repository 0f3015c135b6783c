"""Prepares a cluster for helm: the namespace, bootstrap CRDs, the strategy, large packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.crossplane.api import bootstrap_crds
from postrender.helm import values
from postrender.installation import deployments
from postrender.live import kinds
from postrender.live.kinds import CONFIG_MAPS, DEFINITIONS, DEPLOYMENTS, NAMESPACES
from postrender.payload import external

if TYPE_CHECKING:
    from postrender.installation.plan import Plan
    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Object
    from postrender.live.stopwatch import Stopwatch
    from postrender.result_cache import ResultCache


def lacks_namespace(cluster: Cluster) -> bool:
    """Return whether the namespace does not exist."""
    return cluster.get(NAMESPACES, cluster.namespace) is None


def missing_definitions(cluster: Cluster, plan: Plan) -> list[Object]:
    """Return the bootstrap CRDs that the cluster lacks."""
    definitions = bootstrap_crds(plan.target)
    return [item for item in definitions if cluster.get(DEFINITIONS, kinds.name(item)) is None]


def rolling_deployments(cluster: Cluster, name: str, plan: Plan) -> list[str]:
    """Return the Deployments whose strategy must be patched before helm can change it."""
    return deployments.recreate(cluster, name) if values.recreates(plan.upstream) else []


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
    created = missing_definitions(cluster, plan)
    for definition in created:
        cluster.create(DEFINITIONS, definition)
    for definition in created:
        while not _is_established(cluster, kinds.name(definition)):
            stopwatch.wait(f"the API server does not serve {kinds.name(definition)} yet")
    for deployment in rolling_deployments(cluster, name, plan):
        cluster.patch(DEPLOYMENTS, deployment, deployments.STRATEGY_PATCH)
    if plan.is_apart:
        for parts in external.parts_of(plan.packages, cache).values():
            for part in parts:
                config_map = external.config_map(part, cluster.namespace)
                if cluster.get(CONFIG_MAPS, kinds.name(config_map)) is None:
                    cluster.create(CONFIG_MAPS, config_map)


def _is_established(cluster: Cluster, name: str) -> bool:
    definition = cluster.get(DEFINITIONS, name)
    status = kinds.fields(definition or {}).under("status")
    return any(
        (condition.text("type"), condition.text("status")) == ("Established", "True")
        for condition in kinds.items(status.values.get("conditions"))
    )
