"""Configures DNS for the cluster's own names; every other name fails at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.state import DNS_SERVICE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.state import State

COREFILE = """\
.:53 {{
  bind {node}
  errors
  kubernetes cluster.local {{
    kubeconfig {kubeconfig}
  }}
}}
"""

# CoreDNS runs on the node, not in a pod, so the Service needs an explicit address.
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: kube-dns
  namespace: kube-system
spec:
  clusterIP: {service}
  ports:
    - {{name: dns, port: 53, protocol: UDP}}
    - {{name: dns-tcp, port: 53, protocol: TCP}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: kube-dns
  namespace: kube-system
  labels:
    kubernetes.io/service-name: kube-dns
addressType: IPv4
endpoints:
  - addresses: [{node}]
ports:
  - {{name: dns, port: 53, protocol: UDP}}
  - {{name: dns-tcp, port: 53, protocol: TCP}}
"""


def service(state: State) -> str:
    """Return the manifests that let pods find CoreDNS."""
    return SERVICE.format(service=DNS_SERVICE, node=state.node)


def command(state: State, program: Path) -> list[str]:
    """Write the configuration of CoreDNS and return its command."""
    file = state.configuration / "Corefile"
    file.write_text(COREFILE.format(node=state.node, kubeconfig=state.keys / "admin.kubeconfig"))
    return [str(program), f"-conf={file}"]
