"""Loads the DevCache document of `--config`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.declared import devcache, files, paths

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.fields import Fields


def load(config: Path, *, relative_to_file: bool) -> Fields:
    """Return the `spec` of the document.

    Args:
        config: The file.
        relative_to_file: Whether relative package paths start from the folder of the file, and not
            from the working directory.

    Raises:
        DevcacheError: The file cannot be read, is not YAML, or not a DevCache of this version.
    """
    spec = devcache.load_spec(files.text(config), where=files.title(config))
    if not relative_to_file:
        return spec
    return spec._replace(values=paths.from_folder(spec.values, config.parent))
