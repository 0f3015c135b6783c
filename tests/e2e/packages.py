"""The packages that the scenarios run: the examples, real ones, small ones for a purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import yaml

from tests.cluster import images, programs
from tests.cluster.images import Image
from tests.tools.commands import Plain, output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.e2e.lines import Line
    from tests.e2e.registry import Registry

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


def runtime(name: str, reference: str = "") -> Image:
    """Return the image of a provider or function, named as `runtimeImage` names it."""
    program = programs.built(name)
    return Image(
        reference or runtime_image(name),
        {name: program},
        entrypoint=[f"/{name}"],
        user="65532",
    )


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
    (package / "crossplane.yaml").write_text(yaml.safe_dump(meta))
    (package / "definition.yaml").write_text(yaml.safe_dump(definition))
    return package


def api(name: str) -> str:
    """Return the name of the CRD that `configuration` gives the cluster."""
    return f"x{name}s.{name}.example.org"


@dataclass(frozen=True)
class Shelf:
    """The package files of a run, built by the crossplane CLI when they are first asked for."""

    folder: Path

    def provider_nop(self) -> Path:
        """Return the .xpkg of provider-nop."""
        module = programs.sources("provider-nop", "github.com/crossplane-contrib/provider-nop")
        return self.built("provider-nop", module / "package")

    def auto_ready(self, line: Line) -> Path:
        """Return the directory of function-auto-ready, of a meta API that the line knows."""
        tool = "function-auto-ready"
        module = programs.sources(tool, f"github.com/crossplane/{tool}")
        if line.at_least >= (1, 17):
            return module / "package"
        package = self.folder / "function-auto-ready-v1beta1"
        package.mkdir(exist_ok=True)
        meta = (module / "package" / "crossplane.yaml").read_text()
        old = meta.replace("meta.pkg.crossplane.io/v1\n", "meta.pkg.crossplane.io/v1beta1\n")
        (package / "crossplane.yaml").write_text(old)
        return package

    def function_auto_ready(self, line: Line) -> Path:
        """Return the .xpkg of function-auto-ready."""
        package = self.auto_ready(line)
        return self.built(package.name + "-auto-ready", package)

    def built(self, name: str, root: Path, runtime: Image | None = None) -> Path:
        """Return the .xpkg that the crossplane CLI builds of a directory.

        Args:
            name: Of the file, without its suffix; built once under a name.
            root: The package directory.
            runtime: An image to embed, as in a Provider or Function that is published.
        """
        xpkg = self.folder / f"{name}.xpkg"
        if xpkg.exists():
            return xpkg
        # Otherwise it takes the examples of the folder that it runs in.
        examples = f"--examples-root={root}/examples"
        options = [f"--package-root={root}", examples, f"--package-file={xpkg}"]
        if runtime:
            archive = self.folder / f"{name}.tar"
            images.write(runtime, archive)
            options.append(f"--embed-runtime-image-tarball={archive}")
        output("CROSSPLANE_CLI", "xpkg", "build", *options)
        return xpkg

    def push(self, xpkg: Path, reference: str) -> None:
        """Push a package to a registry, as its publisher does."""
        output("CROSSPLANE_CLI", "xpkg", "push", f"--package-files={xpkg}", reference)


def fleet(shelf: Shelf, line: Line) -> Declared:
    """Return examples/fleet with all that it depends on, each of them local."""
    return {
        "fleet": {"path": "examples/fleet", "package": f"{ACME}/fleet:v0.1.0"},
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
