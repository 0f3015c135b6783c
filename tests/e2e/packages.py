"""Provides the packages of the scenarios: the examples, real packages and small test packages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import yaml

from tests.cluster import programs
from tests.cluster.images import Image

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.e2e.lines import Line
    from tests.e2e.registry import Registry
    from tests.shared.programs import Plain

Declarations: TypeAlias = "Mapping[str, Mapping[str, Plain]]"
"""The declarations of packages, by name, as `devcache.packages` has them."""

CONTRIB = "xpkg.crossplane.io/crossplane-contrib"
ACME = "xpkg.example.org/acme"
"""The registries in the references of local packages; no pod of the suite can reach them."""

RUNTIMES = {
    "provider-nop": "v0.5.0",
    "function-auto-ready": "v0.6.0",
    "function-zones": "v0.1.0",
}
"""The programs of providers and functions: their folders in tools, and their versions."""


def runtime(name: str) -> Image:
    """Return the image of a provider or function, under the name of its `runtimeImage`."""
    files = {name: programs.build(name)}
    return Image(runtime_image(name), files, entrypoint=[f"/{name}"], user="65532")


def runtime_image(name: str) -> str:
    """Return the reference of a runtime's image on the node; no registry has it."""
    return f"docker.io/library/{name}:{RUNTIMES[name]}"


@dataclass(frozen=True)
class Dependency:
    """An entry of `dependsOn`."""

    source: str
    version: str
    kind: str = "configuration"

    @property
    def entry(self) -> Plain:
        """The entry, as crossplane.yaml holds it."""
        return {self.kind: self.source, "version": self.version}


def configuration(
    folder: Path, name: str, dependencies: Iterable[Dependency] = (), field: str = "size"
) -> Path:
    """Write the package directory of a Configuration with one API, and return it.

    Args:
        folder: The parent of the directory, whose files are overwritten.
        name: The name of the Configuration, in lower-case letters.
        dependencies: The dependencies of the Configuration.
        field: The only field in the API's spec, which distinguishes one version from another.
    """
    package = folder / name
    package.mkdir(parents=True, exist_ok=True)
    meta: Plain = {
        "apiVersion": "meta.pkg.crossplane.io/v1",
        "kind": "Configuration",
        "metadata": {"name": name},
        "spec": {
            "crossplane": {"version": ">=v1.14.0-0"},
            "dependsOn": [dependency.entry for dependency in dependencies],
        },
    }
    fields: Plain = {"type": "object", "properties": {field: {"type": "string"}}}
    schema: Plain = {"type": "object", "properties": {"spec": fields}}
    definition: Plain = {
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "CompositeResourceDefinition",
        "metadata": {"name": api(name)},
        "spec": {
            "group": api(name).partition(".")[2],
            "names": {"kind": f"X{name.title()}", "plural": f"x{name}s"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "referenceable": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
    _save(package / "crossplane.yaml", yaml.safe_dump(meta))
    _save(package / "definition.yaml", yaml.safe_dump(definition))
    return package


def _save(file: Path, text: str) -> None:
    """Save a file atomically, unless it has this text, so that `watch` sees one complete save."""
    if file.exists() and file.read_text() == text:
        return
    new = file.parent.with_name(f"{file.parent.name}.new")  # beside the package, not in it
    new.write_text(text)
    new.replace(file)


def local(package: Path) -> dict[str, Plain]:
    """Return the declaration of a package directory as v0.1.0 of the package of that name."""
    return {"path": str(package), "package": f"{ACME}/{package.name}:v0.1.0"}


def api(name: str) -> str:
    """Return the name of the CRD of a package that `configuration` writes."""
    return f"x{name}s.{name}.example.org"


FLEET = "acme/fleet"
"""The repository of examples/fleet in the registry of the run, which logs all requests."""


def fleet(registry: Registry, line: Line) -> Declarations:
    """Return the declarations of examples/fleet and its dependencies, all of them local."""
    shelf = registry.shelf
    return {
        "fleet": {"path": "examples/fleet", "package": f"{registry.address}/{FLEET}:v0.1.0"},
        "acme-function-zones": {
            "path": "examples/function-zones/package",
            "package": f"{ACME}/function-zones:v0.1.0",
            "runtimeImage": runtime_image("function-zones"),
        },
        "crossplane-contrib-function-auto-ready": {
            "path": str(shelf.function_auto_ready(line)),
            "package": f"{CONTRIB}/function-auto-ready:v0.6.0",
            "runtimeImage": runtime_image("function-auto-ready"),
        },
        "crossplane-contrib-provider-nop": {
            "path": str(shelf.provider_nop()),
            "package": f"{CONTRIB}/provider-nop:v0.5.0",
            "runtimeImage": runtime_image("provider-nop"),
        },
    }


def publish_dependencies(registry: Registry, line: Line, folder: Path) -> list[Dependency]:
    """Push two packages, one of them with a runtime, and return dependencies on them."""
    registry.publish(configuration(folder, "storage"), "acme/storage", "v1.2.0")
    registry.publish(
        registry.shelf.auto_ready(line), "acme/ready", "v0.6.0", runtime("function-auto-ready")
    )
    return [
        Dependency(f"{registry.address}/acme/storage", ">=v1.0.0"),
        Dependency(f"{registry.address}/acme/ready", ">=v0.5.0", "function"),
    ]
