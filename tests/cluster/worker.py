"""Configures containerd, kubelet and kube-proxy, and builds their commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cluster import images
from tests.cluster.state import DNS_SERVICE, NODE_NAME, PODS
from tests.shared.releases import numbers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.state import State

CONTAINERD = """\
version = 2
root = "{data}/containerd"
[plugins."io.containerd.internal.v1.opt"]
  path = "{data}/opt"  # the default is in /opt
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  netns_mounts_under_state_dir = true
  # Without CAP_SYS_RESOURCE runc cannot lower a score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{configuration}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{configuration}/registries"
"""

FAILS_ON_CGROUP_V1 = (1, 31)
"""The first line of Kubernetes with `failCgroupV1`, whose default is true since 1.35."""

REGISTRY = """\
server = "http://{address}"
[host."http://{address}"]
"""


def containerd(state: State) -> list[str]:
    """Write the configuration of containerd and return its command."""
    file = state.configuration / "containerd.toml"
    file.write_text(
        CONTAINERD.format(data=state.data, configuration=state.configuration, pause=images.PAUSE)
    )
    hosts = state.configuration / "registries" / state.registry
    hosts.mkdir(parents=True)
    (hosts / "hosts.toml").write_text(REGISTRY.format(address=state.registry))
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": PODS}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    network = {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, ports]}
    (state.configuration / "cni").mkdir()
    (state.configuration / "cni" / "pods.conflist").write_text(json.dumps(network))
    return ["containerd", f"--config={file}"]


def kubelet(state: State, programs: Path, line: str) -> list[str]:
    """Write the configuration of kubelet and return its command.

    Args:
        state: The place of the cluster.
        programs: The folder of the Kubernetes programs.
        line: The release line of Kubernetes, such as `1.34`.
    """
    configuration = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(state.keys / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(state.keys / "kubelet.crt"),
        "tlsPrivateKeyFile": str(state.keys / "kubelet.key"),
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "clusterDomain": "cluster.local",
        "clusterDNS": [DNS_SERVICE],
        "resolvConf": "/dev/null",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{state.cgroup}",
        "failSwapOn": False,
        "volumePluginDir": str(state.data / "volume-plugins"),
        "volumeStatsAggPeriod": "5s",  # to detect early that a volume is too full
        # A person's disk may be nearly full, and no registry has the imported images.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
    }
    if numbers(line) >= FAILS_ON_CGROUP_V1:
        configuration["failCgroupV1"] = False
    file = state.configuration / "kubelet.json"
    file.write_text(json.dumps(configuration))
    return [
        str(programs / "kubelet"),
        f"--config={file}",
        f"--kubeconfig={state.keys / 'kubelet.kubeconfig'}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={state.node}",
    ]


def proxy(state: State, programs: Path) -> list[str]:
    """Write the configuration of kube-proxy and return its command."""
    configuration = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(state.keys / "kube-proxy.kubeconfig")},
        "clusterCIDR": PODS,
        "conntrack": {"maxPerCore": 0, "min": 0},  # these are settings of the whole machine
        "hostnameOverride": NODE_NAME,
        "mode": "iptables",
    }
    file = state.configuration / "kube-proxy.json"
    file.write_text(json.dumps(configuration))
    return [str(programs / "kube-proxy"), f"--config={file}"]
