"""Package paths that are relative to the file that declares them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postrender.manifests.nodes import Plain


def from_folder(spec: Mapping[str, Plain], folder: Path) -> dict[str, Plain]:
    """Return a declaration whose relative package paths start from a folder.

    A value of the wrong type stays, because `devcache.read` refuses it.

    Args:
        spec: The `spec` of a DevCache document, or the `devcache` values of our chart.
        folder: The folder of its file, absolute or relative to the working directory.
    """
    packages = spec.get("packages")
    if not isinstance(packages, dict):
        return dict(spec)
    return {**spec, "packages": {key: _package(value, folder) for key, value in packages.items()}}


def to_folder(path: Path, folder: Path) -> Path:
    """Return a path relative to a folder; an absolute path stays absolute.

    The folders are those that links point to, because the system follows a link before `..`.
    """
    if path.is_absolute():
        return path
    return Path(os.path.relpath(os.path.realpath(path), os.path.realpath(folder)))


def _package(package: Plain, folder: Path) -> Plain:
    if not isinstance(package, dict):
        return package
    path = package.get("path")
    if not isinstance(path, str) or not path:
        return package
    return {**package, "path": str(folder / path)}
