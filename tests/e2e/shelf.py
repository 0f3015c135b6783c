"""Packages as they are published: .xpkg files, built by the crossplane CLI from directories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cluster import images, programs
from tests.shared.programs import output

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.images import Image
    from tests.e2e.lines import Line


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
