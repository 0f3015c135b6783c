"""The packages that the scenarios run: the examples, real ones, small ones for a purpose."""

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

Declared: TypeAlias = "Mapping[str, Mapping[str, Plain]]"
"""Packages as they are declared: what `devcache.packages` holds."""

CONTRIB = "xpkg.crossplane.io/crossplane-contrib"
ACME = "xpkg.example.org/acme"
"""Where the packages seem to come from: no pod of the suite can reach these."""

RUNTIMES = {
    "provider-nop": "v0.5.0",
    "function-auto-ready": "v0.6.0",
    "function-zones": "v0.1.0",
}
"""What providers and functions run: the folders in tools that build them, and their versions."""


def runtime(name: str) -> Image:
    """Return the image of a provider or function, named as `runtimeImage` names it."""
    files = {name: programs.build(name)}
    return Image(runtime_image(name), files, entrypoint=[f"/{name}"], user="65532")


def runtime_image(name: str) -> str:
    """Return the reference of a runtime's image on the node; no registry has it."""
    return f"docker.io/library/{name}:{RUNTIMES[name]}"


@dataclass(frozen=True)
class Dependency:
    """One entry of `dependsOn`."""

    source: str
    version: str
    kind: str = "configuration"


def configuration(
    folder: Path, name: str, depends: Iterable[Dependency] = (), field: str = "size"
) -> Path:
    """Write the directory of a Configuration with one API, and return it.

    Args:
        folder: Gets a folder of that name; what is in it is written over.
        name: Lower-case letters.
        depends: What it depends on.
        field: The one field of the API's spec, by which a test tells one content from another.
    """
    package = folder / name
    package.mkdir(parents=True, exist_ok=True)
    meta: Plain = {
        "apiVersion": "meta.pkg.crossplane.io/v1",
        "kind": "Configuration",
        "metadata": {"name": name},
        "spec": {
            "crossplane": {"version": ">=v1.14.0-0"},
            "dependsOn": [{each.kind: each.source, "version": each.version} for each in depends],
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
    """Save a file in one step, unless it has this text: `watch` sees one save and no half of it."""
    if file.exists() and file.read_text() == text:
        return
    new = file.parent.with_name(f"{file.parent.name}.new")  # beside the package, not in it
    new.write_text(text)
    new.replace(file)


def local(package: Path) -> dict[str, Plain]:
    """Return the declaration of a package directory, as v0.1.0 of a package of its name."""
    return {"path": str(package), "package": f"{ACME}/{package.name}:v0.1.0"}


def api(name: str) -> str:
    """Return the name of the CRD that `configuration` gives the cluster."""
    return f"x{name}s.{name}.example.org"


FLEET = "acme/fleet"
"""The repository of examples/fleet, as if it were the registry's: who asks there is seen."""


def fleet(registry: Registry, line: Line) -> Declared:
    """Return examples/fleet with all that it depends on, each of them local."""
    shelf = registry.shelf
    return {
        "fleet": {"path": "examples/fleet", "package": f"{registry.at}/{FLEET}:v0.1.0"},
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


def published(registry: Registry, line: Line, folder: Path) -> list[Dependency]:
    """Push two packages, one of them with a runtime, and return what it is to depend on them."""
    registry.publish(configuration(folder, "storage"), "acme/storage", "v1.2.0")
    registry.publish(
        registry.shelf.auto_ready(line), "acme/ready", "v0.6.0", runtime("function-auto-ready")
    )
    return [
        Dependency(f"{registry.at}/acme/storage", ">=v1.0.0"),
        Dependency(f"{registry.at}/acme/ready", ">=v0.5.0", "function"),
    ]
