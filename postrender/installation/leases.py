"""The leases of Crossplane's leaders: a leader that was uninstalled or killed leaves its lease.

The next pod would wait 60 seconds for its expiry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.live import kinds
from postrender.live.cluster import ConflictError
from postrender.live.kinds import LEASES, PODS

if TYPE_CHECKING:
    from postrender.live.cluster import Cluster

NAMES = ("crossplane-leader-election-core", "crossplane-leader-election-rbac")


def release_stale(cluster: Cluster) -> None:
    """Release the leases whose holders no longer exist, as a leader that ends does itself."""
    for name in NAMES:
        lease = cluster.get(LEASES, name)
        if lease is None:
            continue
        holder = kinds.fields(lease).under("spec").text("holderIdentity").partition("_")[0]
        if not holder or cluster.get(PODS, holder):
            continue
        patch: kinds.Object = {
            "metadata": {"resourceVersion": kinds.resource_version(lease)},
            "spec": {"holderIdentity": "", "leaseDurationSeconds": 1},
        }
        try:
            cluster.patch(LEASES, name, patch)
        except ConflictError:  # a new leader was faster
            continue


def delete(cluster: Cluster) -> None:
    """Delete the leases, after the last pod of Crossplane is gone."""
    for name in NAMES:
        cluster.delete(LEASES, name)
