"""The commands of etcd, the API server, the controller manager and the scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster import state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.state import State

ETCD = "http://127.0.0.1:2379"


def etcd(at: State) -> list[str]:
    """Return the command of etcd; its data need not survive a power failure."""
    return ["etcd", f"--data-dir={at.data / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn"]


def api_server(at: State, programs: Path) -> list[str]:
    """Return the command of the API server."""
    accounts = at.keys / "service-accounts.key"
    return [
        str(programs / "kube-apiserver"),
        f"--etcd-servers={ETCD}",
        f"--advertise-address={at.node}",
        "--allow-privileged",
        "--authorization-mode=Node,RBAC",
        f"--service-cluster-ip-range={state.SERVICES}",
        "--enable-aggregator-routing",
        "--kubelet-preferred-address-types=InternalIP",
        f"--client-ca-file={at.keys / 'ca.crt'}",
        f"--tls-cert-file={at.keys / 'kube-apiserver.crt'}",
        f"--tls-private-key-file={at.keys / 'kube-apiserver.key'}",
        f"--kubelet-client-certificate={at.keys / 'admin.crt'}",
        f"--kubelet-client-key={at.keys / 'admin.key'}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={accounts}",
        f"--service-account-signing-key-file={accounts}",
    ]


def controller_manager(at: State, programs: Path) -> list[str]:
    """Return the command of the controller manager."""
    return [
        str(programs / "kube-controller-manager"),
        f"--kubeconfig={at.keys / 'kube-controller-manager.kubeconfig'}",
        "--leader-elect=false",
        f"--root-ca-file={at.keys / 'ca.crt'}",
        f"--service-account-private-key-file={at.keys / 'service-accounts.key'}",
        "--use-service-account-credentials",
    ]


def scheduler(at: State, programs: Path) -> list[str]:
    """Return the command of the scheduler."""
    return [
        str(programs / "kube-scheduler"),
        f"--kubeconfig={at.keys / 'kube-scheduler.kubeconfig'}",
        "--leader-elect=false",
    ]
