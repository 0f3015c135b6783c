"""What the programs read: streams, kustomizations, packages and their declarations."""

from __future__ import annotations

import gzip
import json
import lzma
import random
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tests.shared import package_files
from tests.shared.releases import NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]

RENDERED = ROOT / "tests" / "golden" / f"crossplane-{NEWEST}" / "input-helm4.yaml"
"""What Helm 4 hands to a post-renderer for the newest chart of Crossplane."""

COMMAND = ROOT / ".venv" / "bin" / "crossplane-devcache"

MEGABYTE = 10**6

NOP = ROOT / "tests" / "golden" / "packages" / "nop"

PANELS = 60
"""Panels of a Grafana dashboard among the other documents: it has some 21 KB."""

FIELDS = 120
"""Fields of a CRD among them: it has some 26 KB."""


def declaration(file: Path, path: Path, *, release: bool = True, payload: str = "release") -> Path:
    """Write a DevCache document that declares one package, and return its file."""
    document = {
        "apiVersion": "crossplane-devcache/v1alpha1",
        "kind": "DevCache",
        "metadata": {"name": "bench"},
        "spec": {
            "packages": {
                "platform": {
                    "path": str(path),
                    "package": "registry.example.com/acme/platform:v0.1.0",
                }
            },
            "limits": {"release": release},
            "payload": payload,
        },
    }
    file.write_text(yaml.safe_dump(document))
    return file


def rendered(file: Path, megabytes: int) -> Path:
    """Write Crossplane's manifests with some 10^6 bytes of other documents before and behind."""
    others = list(_others(megabytes * MEGABYTE))
    half = len(others) // 2
    file.write_text("".join((*others[:half], "---\n", RENDERED.read_text(), *others[half:])))
    return file


def _others(size: int) -> Iterator[str]:
    """Yield documents as a chart of many small services and their dashboards has them."""
    number = 0
    while size > 0:
        name = f"service-{number}"
        metadata = {"name": name, "namespace": "apps", "labels": {"app.kubernetes.io/name": name}}
        for one in (_definition(number), _dashboard(number), *_service(name)):
            one["metadata"] = metadata
            text = f"---\n# Source: apps/templates/{name}.yaml\n" + yaml.dump(
                one, Dumper=yaml.CSafeDumper
            )
            size -= len(text)
            yield text
        number += 1


def _dashboard(number: int) -> dict[str, object]:
    noise = random.Random(number)  # noqa: S311  # the same each time
    panels: list[object] = []
    for identity in range(PANELS):
        metric = noise.choice(("requests", "errors", "latency"))
        expression = f'sum(rate(http_{metric}_total{{pod=~"$pod"}}[5m])) by (path)'
        panel = {
            "id": identity,
            "title": f"{metric} {noise.getrandbits(32):x}",
            "gridPos": {"h": 8, "w": 12, "x": noise.randrange(24), "y": noise.randrange(999)},
            "targets": [{"expr": expression, "refId": "A", "legendFormat": "{{path}}"}],
        }
        panels.append(panel)
    data = {"dashboard.json": json.dumps({"panels": panels}, indent=1)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": data}


def _definition(number: int) -> dict[str, object]:
    noise = random.Random(number)  # noqa: S311  # the same each time
    fields: dict[str, object] = {}
    for _ in range(FIELDS):
        words = " ".join(f"{noise.getrandbits(24):x}" for _ in range(16))
        kind = {"type": noise.choice(("string", "integer", "boolean"))}
        fields[f"f{noise.getrandbits(32):x}"] = {"description": f"Sets {words}.", **kind}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    group, kinds = f"g{number}.example.com", {"kind": "Service", "plural": "services"}
    spec = {"group": group, "names": kinds, "scope": "Namespaced", "versions": [version]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": spec,
    }


def _service(name: str) -> Iterator[dict[str, object]]:
    labels = {"app": name}
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10}
    container = {
        "name": "server",
        "image": f"registry.example.com/apps/{name}:v1.2.3",
        "args": ["serve", "--port=8080"],
        "ports": [{"name": "http", "containerPort": 8080}],
        "livenessProbe": probe,
        "readinessProbe": probe,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    yield {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    yield {"apiVersion": "v1", "kind": "Service", "spec": {"selector": labels, "ports": ports}}


def provider(folder: Path, source: Path) -> tuple[Path, int]:
    """Write the .xpkg file of a provider in a new folder.

    Args:
        folder: The folder.
        source: Its package.yaml, packed by xz.

    Returns:
        The file, and the bytes of the package.yaml.
    """
    package_yaml = lzma.decompress(source.read_bytes())
    return _xpkg(folder, package_yaml), len(package_yaml)


def runtime(folder: Path, megabytes: int) -> Path:
    """Write the .xpkg file of a provider with its program in a new folder, and return it.

    Args:
        folder: The folder.
        megabytes: Its size in 10^6 bytes: layers that nothing packs.
    """
    noise = random.Random(0)  # noqa: S311  # the same each time
    size = 50 * MEGABYTE
    layers = [
        gzip.compress(noise.randbytes(size), compresslevel=0, mtime=0)
        for _ in range(megabytes * MEGABYTE // size)
    ]
    parts = [(NOP / name).read_bytes() for name in ("crossplane.yaml", "crd.yaml")]
    return _xpkg(folder, b"---\n".join(parts), layers)


def _xpkg(folder: Path, package_yaml: bytes, layers: Iterable[bytes] = ()) -> Path:
    folder.mkdir()
    base = package_files.packed(package_files.tar({"package.yaml": package_yaml}))
    return package_files.Image([base, *layers], package_files.label(base)).write(folder)
