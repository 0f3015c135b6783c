"""DNS for the cluster's own names; all others are unknown, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster import state

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

# CoreDNS runs on the node and not in a pod: the Service names its address itself.
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


def service(at: State) -> str:
    """Return the manifests by which pods find CoreDNS."""
    return SERVICE.format(service=state.DNS_SERVICE, node=at.node)


def command(at: State, program: Path) -> list[str]:
    """Write the configuration of CoreDNS and return its command."""
    file = at.configuration / "Corefile"
    file.write_text(COREFILE.format(node=at.node, kubeconfig=at.keys / "admin.kubeconfig"))
    return [str(program), f"-conf={file}"]
