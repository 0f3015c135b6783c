"""The cluster's certificates and kubeconfigs, made by openssl."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING

from tests.cluster import state

if TYPE_CHECKING:
    from pathlib import Path

SERVER = f"https://{state.NODE}:6443"

# The default configuration would make every certificate one of an authority.
CONFIGURATION = "[req]\ndistinguished_name = name\n[name]\n"

API_SERVER_NAMES = (
    "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,"
    "DNS:kubernetes.default.svc.cluster.local,"
    f"IP:{state.KUBERNETES_SERVICE},IP:{state.NODE},IP:127.0.0.1"
)

CLIENTS = {
    "admin": "/O=system:masters/CN=admin",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "kube-proxy": "/CN=system:kube-proxy",
    "kubelet": f"/O=system:nodes/CN=system:node:{state.NODE_NAME}",
}
"""Who speaks to the API server, and the name by which RBAC knows them."""


def write(keys: Path) -> None:
    """Write a certificate authority, the components' certificates and kubeconfigs into a folder."""
    keys.mkdir(mode=0o700)
    (keys / "openssl.cnf").write_text(CONFIGURATION)
    _certificate(keys, "ca", "/CN=crossplane-devcache", "basicConstraints=critical,CA:TRUE")
    _signed(keys, "kube-apiserver", "/CN=kube-apiserver", f"subjectAltName={API_SERVER_NAMES}")
    for name, subject in CLIENTS.items():
        _signed(keys, name, subject, f"subjectAltName=DNS:{state.NODE_NAME},IP:{state.NODE}")
        (keys / f"{name}.kubeconfig").write_text(_kubeconfig(keys, name))
    _openssl("genrsa", "-out", str(keys / "service-accounts.key"), "2048")


def _signed(keys: Path, name: str, subject: str, extension: str) -> None:
    authority = ["-CA", str(keys / "ca.crt"), "-CAkey", str(keys / "ca.key")]
    _certificate(keys, name, subject, extension, *authority)


def _certificate(keys: Path, name: str, subject: str, extension: str, *more: str) -> None:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(keys / f"{name}.key"), "-out", str(keys / f"{name}.crt")]
    configuration = ["-config", str(keys / "openssl.cnf"), "-addext", extension]
    _openssl(
        "req", "-x509", "-days", "365", "-subj", subject, *curve, *files, *configuration, *more
    )


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def _kubeconfig(keys: Path, user: str) -> str:
    def embedded(file: str) -> str:
        return base64.b64encode((keys / file).read_bytes()).decode()

    name = "crossplane-devcache"
    authority = embedded("ca.crt")
    certificate, key = embedded(f"{user}.crt"), embedded(f"{user}.key")
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "clusters": [
            {"name": name, "cluster": {"server": SERVER, "certificate-authority-data": authority}}
        ],
        "users": [
            {
                "name": user,
                "user": {"client-certificate-data": certificate, "client-key-data": key},
            }
        ],
    }
    return json.dumps(document, indent=2) + "\n"
