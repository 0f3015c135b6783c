"""Configurations on disk that depend on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tests.shared.package_files import directory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.manifests.nodes import Plain

ACME = "xpkg.example.org/acme"


def package(folder: Path, name: str, depends: Sequence[tuple[str, str]] = (), **spec: Plain) -> str:
    """Write a Configuration, and return its path."""
    meta: Plain = {
        "apiVersion": "meta.pkg.crossplane.io/v1",
        "kind": "Configuration",
        "metadata": {"name": name},
        "spec": {
            "dependsOn": [
                {"configuration": source, "version": range_} for source, range_ in depends
            ],
            **spec,
        },
    }
    files = {"crossplane.yaml": yaml.safe_dump(meta).encode()}
    return str(directory(folder / name, files))
