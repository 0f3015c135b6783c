"""The wait until Crossplane may delete the composite resources of definitions.

The RBAC manager gives Crossplane no access for a definition that is already terminating. Crossplane
then never deletes that definition (internal/controller/rbac/definition, 1.14 to 2.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.live import kinds
from postrender.live.kinds import CLUSTER_ROLES, DEPLOYMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Object
    from postrender.live.stopwatch import Stopwatch

RBAC_MANAGER = "-rbac-manager"
"""The end of the name of the RBAC manager's Deployment."""


def await_access(cluster: Cluster, definitions: Iterable[Object], stopwatch: Stopwatch) -> None:
    """Wait until Crossplane has access to the composite resources of definitions.

    Without a running RBAC manager the user grants the access, so there is nothing to wait for.

    Args:
        cluster: The cluster.
        definitions: The CompositeResourceDefinitions that will be deleted.
        stopwatch: Ends the wait.

    Raises:
        DevcacheError: The timeout has expired.
    """
    names = [kinds.name(item) for item in definitions if not kinds.is_terminating(item)]
    while names and _has_manager(cluster):
        roles = {name: f"crossplane:composite:{name}:aggregate-to-crossplane" for name in names}
        missing = [name for name in names if cluster.get(CLUSTER_ROLES, roles[name]) is None]
        if not missing:
            return
        stopwatch.wait(f"Crossplane has no access to the resources of {', '.join(missing)} yet")


def _has_manager(cluster: Cluster) -> bool:
    return any(
        kinds.name(deployment).endswith(RBAC_MANAGER)
        and kinds.fields(deployment).under("status").values.get("readyReplicas")
        for deployment in cluster.select(DEPLOYMENTS, {})
    )
