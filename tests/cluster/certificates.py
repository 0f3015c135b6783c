"""Creates the certificates and kubeconfigs of the cluster, with openssl."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.cluster.state import KUBERNETES_SERVICE, NODE_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.state import State

# With its default configuration openssl creates only certificates of authorities.
CONFIGURATION = "[req]\ndistinguished_name = name\n[name]\n"

API_SERVER_NAMES = (
    "subjectAltName=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,"
    f"DNS:kubernetes.default.svc.cluster.local,IP:{KUBERNETES_SERVICE},IP:127.0.0.1"
)

EC_KEY = ("ecparam", "-genkey", "-noout", "-name", "prime256v1")

CLIENTS = {
    "admin": "/O=system:masters/CN=admin",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "kube-proxy": "/CN=system:kube-proxy",
    "kubelet": f"/O=system:nodes/CN=system:node:{NODE_NAME}",
}
"""The clients of the API server, each with its subject, which RBAC uses as its name."""


def server(state: State) -> str:
    """Return the URL of the API server."""
    return f"https://{state.node}:6443"


def write(state: State) -> None:
    """Write a certificate authority, and the certificates and kubeconfigs of the components."""
    keys = state.keys
    keys.mkdir(mode=0o700)
    (keys / "openssl.cnf").write_text(CONFIGURATION)
    _certificate(keys, "ca", "/CN=crossplane-devcache", "basicConstraints=critical,CA:TRUE")
    names = f"{API_SERVER_NAMES},IP:{state.node}"
    node_names = f"subjectAltName=DNS:{NODE_NAME},IP:{state.node}"
    with ThreadPoolExecutor() as pool:
        futures = [
            pool.submit(_openssl, *EC_KEY, "-out", str(keys / "service-accounts.key")),
            pool.submit(_sign, keys, "kube-apiserver", "/CN=kube-apiserver", names),
            *(pool.submit(_sign, keys, *client, node_names) for client in CLIENTS.items()),
        ]
    for future in futures:
        future.result()
    for name in CLIENTS:
        (keys / f"{name}.kubeconfig").write_text(_kubeconfig(state, name))
    shutil.copyfile(keys / "admin.kubeconfig", state.kubeconfig)


def _sign(keys: Path, name: str, subject: str, extension: str) -> None:
    authority = ["-CA", str(keys / "ca.crt"), "-CAkey", str(keys / "ca.key")]
    _certificate(keys, name, subject, extension, *authority)


def _certificate(keys: Path, name: str, subject: str, extension: str, *options: str) -> None:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(keys / f"{name}.key"), "-out", str(keys / f"{name}.crt")]
    configuration = ["-config", str(keys / "openssl.cnf"), "-addext", extension]
    _openssl(
        "req", "-x509", "-days", "365", "-subj", subject, *curve, *files, *configuration, *options
    )


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def _kubeconfig(state: State, user: str) -> str:
    def encode(file: str) -> str:
        return base64.b64encode((state.keys / file).read_bytes()).decode()

    name = "crossplane-devcache"
    authority = encode("ca.crt")
    certificate, key = encode(f"{user}.crt"), encode(f"{user}.key")
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "clusters": [
            {
                "name": name,
                "cluster": {"server": server(state), "certificate-authority-data": authority},
            }
        ],
        "users": [
            {
                "name": user,
                "user": {"client-certificate-data": certificate, "client-key-data": key},
            }
        ],
    }
    return json.dumps(document, indent=2) + "\n"
