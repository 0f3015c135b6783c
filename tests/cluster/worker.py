"""The commands and configuration of containerd, kubelet and kube-proxy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cluster import images, state
from tests.shared.releases import numbers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.state import State

CONTAINERD = """\
version = 2
root = "{data}/containerd"
[plugins."io.containerd.internal.v1.opt"]
  path = "{data}/opt"  # else it makes one in /opt
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  netns_mounts_under_state_dir = true
  # Where CAP_SYS_RESOURCE is missing, runc could not lower a score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{configuration}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{configuration}/registries"
"""

FAILS_ON_CGROUP_V1 = (1, 31)
"""Kubernetes has `failCgroupV1` since this line; since 1.35 it is true unless it is set."""

REGISTRY = """\
server = "http://{address}"
[host."http://{address}"]
"""


def containerd(at: State) -> list[str]:
    """Write the configuration of containerd and return its command."""
    file = at.configuration / "containerd.toml"
    file.write_text(
        CONTAINERD.format(data=at.data, configuration=at.configuration, pause=images.PAUSE)
    )
    hosts = at.configuration / "registries" / at.registry
    hosts.mkdir(parents=True)
    (hosts / "hosts.toml").write_text(REGISTRY.format(address=at.registry))
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": state.PODS}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    network = {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, ports]}
    (at.configuration / "cni").mkdir()
    (at.configuration / "cni" / "pods.conflist").write_text(json.dumps(network))
    return ["containerd", f"--config={file}"]


def kubelet(at: State, programs: Path, line: str) -> list[str]:
    """Write the configuration of kubelet and return its command.

    Args:
        at: The place of the cluster.
        programs: The folder of Kubernetes' programs.
        line: The release line of Kubernetes, such as `1.34`.
    """
    configuration = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(at.keys / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(at.keys / "kubelet.crt"),
        "tlsPrivateKeyFile": str(at.keys / "kubelet.key"),
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "clusterDomain": "cluster.local",
        "clusterDNS": [state.DNS_SERVICE],
        "resolvConf": "/dev/null",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{at.cgroup}",
        "failSwapOn": False,
        "volumePluginDir": str(at.data / "volume-plugins"),
        "volumeStatsAggPeriod": "5s",  # so that it soon sees a volume that is too full
        # A person's disk may be rather full, and what is imported could not be pulled again.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
    }
    if numbers(line) >= FAILS_ON_CGROUP_V1:
        configuration["failCgroupV1"] = False
    file = at.configuration / "kubelet.json"
    file.write_text(json.dumps(configuration))
    return [
        str(programs / "kubelet"),
        f"--config={file}",
        f"--kubeconfig={at.keys / 'kubelet.kubeconfig'}",
        f"--hostname-override={state.NODE_NAME}",
        f"--node-ip={at.node}",
    ]


def proxy(at: State, programs: Path) -> list[str]:
    """Write the configuration of kube-proxy and return its command."""
    configuration = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(at.keys / "kube-proxy.kubeconfig")},
        "clusterCIDR": state.PODS,
        "conntrack": {"maxPerCore": 0, "min": 0},  # these settings are the whole machine's
        "hostnameOverride": state.NODE_NAME,
        "mode": "iptables",
    }
    file = at.configuration / "kube-proxy.json"
    file.write_text(json.dumps(configuration))
    return [str(programs / "kube-proxy"), f"--config={file}"]
