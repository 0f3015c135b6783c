"""Writes the inputs of the programs: streams, packages and their declarations."""

from __future__ import annotations

import gzip
import json
import lzma
import random
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import yaml

from tests.shared import package_files
from tests.shared.releases import NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[2]

RENDERED = ROOT / "tests" / "golden" / f"crossplane-{NEWEST}" / "input-helm4.yaml"
"""The manifests of the newest Crossplane chart, as Helm 4 passes them to a post-renderer."""

COMMAND = ROOT / ".venv" / "bin" / "crossplane-devcache"

MEGABYTE = 10**6

NOP = ROOT / "tests" / "golden" / "packages" / "nop"

PANELS = 60
"""The number of panels of a Grafana dashboard in the other documents, which has about 21 KB."""

FIELDS = 120
"""The number of fields of a CRD in the other documents, which has about 26 KB."""


def declaration(
    file: Path,
    path: Path,
    *,
    release: bool = True,
    payload: str = "release",
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Path:
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
                    **settings,
                }
            },
            "limits": {"release": release},
            "payload": payload,
        },
    }
    file.write_text(yaml.safe_dump(document))
    return file


def write_stream(file: Path, megabytes: int) -> Path:
    """Write Crossplane's manifests in the middle of other documents, and return the file.

    Args:
        file: The file to write.
        megabytes: The size of the other documents in 10^6 bytes.
    """
    documents = list(_other_documents(megabytes * MEGABYTE))
    half = len(documents) // 2
    file.write_text("".join((*documents[:half], "---\n", RENDERED.read_text(), *documents[half:])))
    return file


def _other_documents(size: int) -> Iterator[str]:
    """Yield the documents of a chart with many small services and their dashboards."""
    number = 0
    while size > 0:
        name = f"service-{number}"
        metadata = {"name": name, "namespace": "apps", "labels": {"app.kubernetes.io/name": name}}
        for document in (_definition(number), _dashboard(number), *_service(name)):
            document["metadata"] = metadata
            text = f"---\n# Source: apps/templates/{name}.yaml\n" + yaml.dump(
                document, Dumper=yaml.CSafeDumper
            )
            size -= len(text)
            yield text
        number += 1


def _dashboard(number: int) -> dict[str, object]:
    noise = random.Random(number)  # noqa: S311  # the same in each run
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
    noise = random.Random(number)  # noqa: S311  # the same in each run
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
    """Write the .xpkg file of a provider to a new folder.

    Args:
        folder: The folder.
        source: The package.yaml of the provider, compressed with xz.

    Returns:
        The file, and the size of the package.yaml in bytes.
    """
    package_yaml = lzma.decompress(source.read_bytes())
    return _xpkg(folder, package_yaml), len(package_yaml)


def directory(folder: Path, source: Path) -> tuple[Path, int]:
    """Write a provider to a new folder, as a package directory with a file for each object.

    Args:
        folder: The folder.
        source: The package.yaml of the provider, compressed with xz.

    Returns:
        The folder, and the number of its CRDs.
    """
    folder.mkdir()
    objects = lzma.decompress(source.read_bytes()).split(b"\n---\n")
    for number, content in enumerate(objects):
        is_meta = b"apiVersion: meta.pkg.crossplane.io/" in content
        name = "crossplane.yaml" if is_meta else f"{number:05}.yaml"
        (folder / name).write_bytes(content + b"\n")
    return folder, len(objects) - 1


def runtime(folder: Path, megabytes: int) -> Path:
    """Write the .xpkg file of a provider with its program to a new folder, and return the file.

    Args:
        folder: The folder.
        megabytes: The size in 10^6 bytes of its layers, which do not compress.
    """
    noise = random.Random(0)  # noqa: S311  # the same in each run
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
