"""Builds .xpkg files from package directories, with the crossplane CLI."""

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
    """The .xpkg files of a run, each built on first use."""

    folder: Path

    def provider_nop(self) -> Path:
        """Return the .xpkg of provider-nop."""
        return self.build("provider-nop", self.provider_nop_source())

    @staticmethod
    def provider_nop_source() -> Path:
        """Return the directory of provider-nop."""
        module = programs.sources("provider-nop", "github.com/crossplane-contrib/provider-nop")
        return module / "package"

    def auto_ready(self, line: Line) -> Path:
        """Return the directory of function-auto-ready, with a meta API that the line supports."""
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
        return self.build(package.name + "-auto-ready", package)

    def build(self, name: str, root: Path, runtime: Image | None = None) -> Path:
        """Build the .xpkg of a package directory, unless it exists, and return it.

        Args:
            name: The name of the file without its suffix.
            root: The package directory.
            runtime: The image to embed, as in a published Provider or Function.
        """
        xpkg = self.folder / f"{name}.xpkg"
        if xpkg.exists():
            return xpkg
        # By default the CLI takes the examples of the current directory.
        examples = f"--examples-root={root}/examples"
        options = [f"--package-root={root}", examples, f"--package-file={xpkg}"]
        if runtime:
            archive = self.folder / f"{name}.tar"
            images.write(runtime, archive)
            options.append(f"--embed-runtime-image-tarball={archive}")
        output("CROSSPLANE_CLI", "xpkg", "build", *options)
        return xpkg
