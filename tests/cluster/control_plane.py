"""Builds the commands of etcd, the API server, the controller manager and the scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.state import SERVICES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.state import State

ETCD = "http://127.0.0.1:2379"


def etcd(state: State) -> list[str]:
    """Return the command of etcd, whose data need not survive a power failure."""
    return ["etcd", f"--data-dir={state.data / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn"]


def api_server(state: State, programs: Path) -> list[str]:
    """Return the command of the API server."""
    accounts = state.keys / "service-accounts.key"
    return [
        str(programs / "kube-apiserver"),
        f"--etcd-servers={ETCD}",
        f"--advertise-address={state.node}",
        "--allow-privileged",
        "--authorization-mode=Node,RBAC",
        f"--service-cluster-ip-range={SERVICES}",
        "--enable-aggregator-routing",
        "--kubelet-preferred-address-types=InternalIP",
        f"--client-ca-file={state.keys / 'ca.crt'}",
        f"--tls-cert-file={state.keys / 'kube-apiserver.crt'}",
        f"--tls-private-key-file={state.keys / 'kube-apiserver.key'}",
        f"--kubelet-client-certificate={state.keys / 'admin.crt'}",
        f"--kubelet-client-key={state.keys / 'admin.key'}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={accounts}",
        f"--service-account-signing-key-file={accounts}",
    ]


def controller_manager(state: State, programs: Path) -> list[str]:
    """Return the command of the controller manager."""
    return [
        str(programs / "kube-controller-manager"),
        f"--kubeconfig={state.keys / 'kube-controller-manager.kubeconfig'}",
        "--leader-elect=false",
        f"--root-ca-file={state.keys / 'ca.crt'}",
        f"--service-account-private-key-file={state.keys / 'service-accounts.key'}",
        "--use-service-account-credentials",
    ]


def scheduler(state: State, programs: Path) -> list[str]:
    """Return the command of the scheduler."""
    return [
        str(programs / "kube-scheduler"),
        f"--kubeconfig={state.keys / 'kube-scheduler.kubeconfig'}",
        "--leader-elect=false",
    ]
