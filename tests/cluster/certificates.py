"""The cluster's certificates and kubeconfigs, made by openssl."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.cluster import state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.state import State

# The default configuration would make every certificate one of an authority.
CONFIGURATION = "[req]\ndistinguished_name = name\n[name]\n"

API_SERVER_NAMES = (
    "subjectAltName=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,"
    f"DNS:kubernetes.default.svc.cluster.local,IP:{state.KUBERNETES_SERVICE},IP:127.0.0.1"
)

EC_KEY = ("ecparam", "-genkey", "-noout", "-name", "prime256v1")

CLIENTS = {
    "admin": "/O=system:masters/CN=admin",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "kube-proxy": "/CN=system:kube-proxy",
    "kubelet": f"/O=system:nodes/CN=system:node:{state.NODE_NAME}",
}
"""Who speaks to the API server, and the name by which RBAC knows them."""


def server(at: State) -> str:
    """Return the URL of the API server."""
    return f"https://{at.node}:6443"


def write(at: State) -> None:
    """Write a certificate authority, the components' certificates and kubeconfigs."""
    keys = at.keys
    keys.mkdir(mode=0o700)
    (keys / "openssl.cnf").write_text(CONFIGURATION)
    _certificate(keys, "ca", "/CN=crossplane-devcache", "basicConstraints=critical,CA:TRUE")
    names = f"{API_SERVER_NAMES},IP:{at.node}"
    own = f"subjectAltName=DNS:{state.NODE_NAME},IP:{at.node}"
    with ThreadPoolExecutor() as pool:
        written = [
            pool.submit(_openssl, *EC_KEY, "-out", str(keys / "service-accounts.key")),
            pool.submit(_signed, keys, "kube-apiserver", "/CN=kube-apiserver", names),
            *(pool.submit(_signed, keys, name, subject, own) for name, subject in CLIENTS.items()),
        ]
    for each in written:
        each.result()
    for name in CLIENTS:
        (keys / f"{name}.kubeconfig").write_text(_kubeconfig(at, name))
    shutil.copyfile(keys / "admin.kubeconfig", at.kubeconfig)


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


def _kubeconfig(at: State, user: str) -> str:
    def embedded(file: str) -> str:
        return base64.b64encode((at.keys / file).read_bytes()).decode()

    name = "crossplane-devcache"
    authority = embedded("ca.crt")
    certificate, key = embedded(f"{user}.crt"), embedded(f"{user}.key")
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "clusters": [
            {
                "name": name,
                "cluster": {"server": server(at), "certificate-authority-data": authority},
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
