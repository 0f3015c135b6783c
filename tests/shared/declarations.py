"""DevCache documents for tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from postrender.declared import devcache

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nmetadata: {name: x}\n"


def config_option(folder: Path, spec: str) -> str:
    """Write a DevCache with this spec, and return the option that names it."""
    path = folder / "devcache.yaml"
    path.write_text(f"{HEAD}spec: {spec}\n")
    return f"--config={path}"


@dataclass(frozen=True)
class Declare:
    """Writes a DevCache of packages in `folder`: the small `first` and `second` by default."""

    folder: Path

    def __call__(self, mode: str = "apart", **packages: Path | None) -> Path:
        """Write the document, and return its path.

        Args:
            mode: The payload's mode, `apart` or `release`.
            **packages: More packages by name; the value None removes `first` or `second`.
        """
        paths = {name: self.folder / name for name in ("first", "second")} | packages
        declared = {name: {"path": str(path)} for name, path in paths.items() if path}
        spec = {"packages": declared, "payload": mode}
        head = {"apiVersion": devcache.API_VERSION, "kind": devcache.KIND}
        file = self.folder / "devcache.yaml"
        file.write_text(yaml.safe_dump({**head, "metadata": {"name": "x"}, "spec": spec}))
        return file
