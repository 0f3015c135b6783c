"""Reads the schemas of Crossplane and Kubernetes from their Go modules."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, "Node"]
Node = None | bool | int | float | str | list["Node"] | Schema


def crossplane(version: str) -> Iterator[tuple[str, Schema]]:
    """Yield the name, such as `pkg.crossplane.io/v1 Provider`, and the schema of each kind."""
    major = version.partition(".")[0]
    module = "github.com/crossplane/crossplane" + ("" if major == "1" else f"/v{major}")
    folder = _source(f"{module}@v{version}") / "cluster"
    for file in sorted([*folder.glob("crds/*.yaml"), *folder.glob("meta/*.yaml")]):
        spec = mapping(yaml.load(file.read_bytes(), yaml.CSafeLoader)["spec"])
        for crd_version in map(mapping, sequence(spec["versions"])):
            name = f"{spec['group']}/{crd_version['name']} {mapping(spec['names'])['kind']}"
            yield name, mapping(mapping(crd_version["schema"])["openAPIV3Schema"])


def kubernetes(version: str, name: str) -> dict[str, Schema]:
    """Return all schemas of the API group of a kind, by their short names.

    Args:
        version: The version of Kubernetes. Its v1 kinds only gain optional fields, so the rules of
            an old version also hold in newer versions.
        name: The apiVersion and kind.
    """
    return _openapi(version, name.partition(" ")[0])


@cache
def _openapi(version: str, api_version: str) -> dict[str, Schema]:
    group = f"apis/{api_version}" if "/" in api_version else f"api/{api_version}"
    folder = _source(f"k8s.io/kubernetes@v{version}") / "api/openapi-spec/v3"
    document = json.loads((folder / f"{group.replace('/', '__')}_openapi.json").read_bytes())
    schemas = document["components"]["schemas"].items()
    return {long_name.rpartition(".")[2]: schema for long_name, schema in schemas}


@cache
def _source(module: str) -> Path:
    """Return the folder with the source of a Go module."""
    command = ["go", "mod", "download", "-json", module]
    run = subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # fixed arguments
    return Path(json.loads(run.stdout)["Dir"])


def mapping(node: Node) -> Schema:
    """Return a node that must be a mapping."""
    if not isinstance(node, dict):
        raise TypeError(node)
    return node


def sequence(node: Node) -> list[Node]:
    """Return a node that must be a list."""
    if not isinstance(node, list):
        raise TypeError(node)
    return node
