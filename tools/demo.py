#!/usr/bin/env python3
"""Show the changes of the post-renderer to Crossplane's manifests, with a real Helm and chart.

`make demo` runs it in the root of the checkout: `tools/demo.py HELM`.
"""

from __future__ import annotations

import base64
import difflib
import lzma
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import yaml

from postrender import packages
from postrender.crossplane import references
from postrender.manifests import stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

RELEASE = ["crossplane", "charts/crossplane-devcache", "-n", "crossplane-system"]
VALUES = "examples/values.yaml"

CAT = """\
apiVersion: v1
type: postrenderer/v1
name: cat
version: 0.1.0
runtime: subprocess
runtimeConfig:
  platformCommand:
    - command: cat
"""
"""A post-renderer without changes, to compare with: Helm 4 reformats any post-renderer's input."""


class Object(TypedDict, total=False):
    """An object of the release, with the fields that this script reads."""

    apiVersion: str
    kind: str
    metadata: dict[str, str]
    spec: dict[str, str]
    data: dict[str, str]
    binaryData: dict[str, str]


@dataclass(frozen=True)
class LoadedPackage:
    """A package in the manifests."""

    name: str
    """The name of the package object, such as `platform`."""

    kind: str
    reference: str
    """The `spec.package` of the object."""

    key: str
    """The cache key: the path of the file in the cache that Crossplane reads."""

    raw: int
    """The size of package.yaml in bytes."""

    compressed: int
    """The size in the ConfigMap in bytes."""

    dependencies: tuple[packages.Dependency, ...]

    @property
    def source(self) -> str:
        """The source, as the `dependsOn` of another package has it."""
        return references.parse(self.reference, where=self.name).source


def output(command: Sequence[str], **environment: str) -> str:
    """Return the output of a command; if the command fails, the demo ends with its status."""
    run = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, check=False)  # noqa: S603  # the callers' commands are fixed
    if run.returncode != 0:
        sys.exit(run.returncode)
    return run.stdout.decode()


def render_unchanged(helm: str) -> str:
    """Return the manifests after a post-renderer that changes nothing."""
    command = [helm, "template", *RELEASE, "--post-renderer", "cat", "-f", VALUES]
    if not is_helm4(helm):
        return output(command)
    with tempfile.TemporaryDirectory() as plugins:
        plugin = Path(plugins, "cat", "plugin.yaml")
        plugin.parent.mkdir()
        plugin.write_text(CAT)
        return output(command, HELM_PLUGINS=plugins)


def render(helm: str) -> str:
    """Return the manifests after our post-renderer, and print the command."""
    command = ["template", *RELEASE, "--post-renderer", "crossplane-devcache", "-f", VALUES]
    environment: dict[str, str] = {}
    if is_helm4(helm):
        sys.stdout.write('$ export HELM_PLUGINS="$(crossplane-devcache plugin-dir)"\n')
        environment["HELM_PLUGINS"] = output(["crossplane-devcache", "plugin-dir"]).strip()
    sys.stdout.write(f"$ helm {' '.join(command)}\n")
    sys.stdout.flush()
    return output([helm, *command], **environment)


def is_helm4(helm: str) -> bool:
    """Return whether this is Helm 4 or later, where post-renderers are plugins."""
    return not output([helm, "version", "--template", "{{.Version}}"]).startswith("v3.")


def deployment(documents: Iterable[stream.Document]) -> list[str]:
    """Return the lines of Crossplane's Deployment."""
    crossplane = ("Deployment", "crossplane")
    return next(d.text for d in documents if (d.kind, d.name) == crossplane).rstrip().splitlines()


def objects_in(documents: Iterable[stream.Document]) -> list[Object]:
    """Return the objects of a stream; a List counts as its items."""
    objects: list[Object] = []
    for document in documents:
        if document.kind:
            value = yaml.safe_load(document.text)
            objects += value["items"] if value["kind"] == "List" else [value]
    return objects


def loaded_packages(objects: Sequence[Object]) -> Iterator[LoadedPackage]:
    """Yield the packages that the copier in the pod will write to Crossplane's cache."""
    payload = next(o for o in objects if o["kind"] == "ConfigMap" and "index" in o.get("data", {}))
    package_objects = {
        o["metadata"]["name"]: o
        for o in objects
        if o["apiVersion"].startswith("pkg.crossplane.io/")
    }
    declarations = yaml.safe_load(Path(VALUES).read_text())["devcache"]["packages"]
    for line in payload["data"]["index"].splitlines():
        _, _, file, key = line.split(" ", 3)
        name = file.removesuffix(".xz")
        compressed = base64.b64decode(payload["binaryData"][file])
        yield LoadedPackage(
            name=name,
            kind=package_objects[name]["kind"],
            reference=package_objects[name]["spec"]["package"],
            key=key,
            raw=len(lzma.decompress(compressed)),
            compressed=len(compressed),
            dependencies=packages.read(Path(declarations[name]["path"])).dependencies,
        )


def table(*rows: Sequence[str]) -> str:
    """Return rows in aligned columns, numbers to the right; the first row has the headings."""
    columns = [aligned(column) for column in zip(*rows, strict=True)]
    return "".join("  ".join(row).rstrip() + "\n" for row in zip(*columns, strict=True))


def aligned(column: Sequence[str]) -> list[str]:
    """Return the cells of a column, padded to the width of the widest cell."""
    width = max(map(len, column))
    return [cell.rjust(width) if column[-1].isdigit() else cell.ljust(width) for cell in column]


def report(before: Sequence[stream.Document], after: Sequence[stream.Document]) -> str:
    """Return a report on the changed Deployment, the added objects, and the packages in them."""
    diff = difflib.unified_diff(
        deployment(before), deployment(after), "without", "with crossplane-devcache", lineterm=""
    )
    names_before = {(o["kind"], o["metadata"]["name"]) for o in objects_in(before)}
    objects = objects_in(after)
    names = [(o["kind"], o["metadata"]["name"]) for o in objects]
    added = [value for value in names if value not in names_before]
    local_packages = list(loaded_packages(objects))
    local = {package.source for package in local_packages}
    sizes = [(p.kind, p.reference, p.key, str(p.raw), str(p.compressed)) for p in local_packages]
    needs = [
        (p.name, d.package, d.constraint, "this release" if d.package in local else "its registry")
        for p in local_packages
        for d in p.dependencies
    ]
    parts = {
        "Changed in the Deployment": "\n".join(diff) + "\n",
        "Added to the release": table(("KIND", "NAME"), *added),
        "Packages, with the bytes of package.yaml": table(
            ("KIND", "REFERENCE", "CACHE KEY", "RAW", "PACKED"), *sizes
        ),
        "Dependencies": table(("PACKAGE", "DEPENDS ON", "VERSION", "COMES FROM"), *needs),
    }
    return "".join(f"\n== {title}\n\n{text}" for title, text in parts.items())


def main(helm: str) -> None:
    """Print the command that a user would run, and a report on its output."""
    after = stream.split(render(helm).encode())
    before = stream.split(render_unchanged(helm).encode())
    sys.stdout.write(report(before, after) + next_step())


def next_step() -> str:
    """Return the command for the user's cluster, or "" on a machine without a kubeconfig."""
    if "KUBECONFIG" not in os.environ and not (Path.home() / ".kube" / "config").exists():
        return ""
    command = ".venv/bin/crossplane-devcache up examples/platform examples/network.xpkg"
    return f"\n== In the cluster of your kubeconfig\n\n{command}\n"


if __name__ == "__main__":
    main(sys.argv[1])
