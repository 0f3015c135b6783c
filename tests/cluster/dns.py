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
SERVICE = f"""\
apiVersion: v1
kind: Service
metadata:
  name: kube-dns
  namespace: kube-system
spec:
  clusterIP: {state.DNS_SERVICE}
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
  - addresses: [{state.NODE}]
ports:
  - {{name: dns, port: 53, protocol: UDP}}
  - {{name: dns-tcp, port: 53, protocol: TCP}}
"""


def command(at: State, program: Path) -> list[str]:
    """Write the configuration of CoreDNS and return its command."""
    file = at.configuration / "Corefile"
    file.write_text(COREFILE.format(node=state.NODE, kubeconfig=at.keys / "admin.kubeconfig"))
    return [str(program), f"-conf={file}"]
