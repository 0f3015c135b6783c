"""The filter: rendered manifests in, modified manifests out."""

from __future__ import annotations

import os
from pathlib import Path

from postrender import render, results
from postrender.declared import devcache, files


def run(*, rendered: bytes, config: Path | None = None) -> list[bytes]:
    """Return the modified manifests, in pieces.

    Relative package paths are looked up where this runs.

    Args:
        rendered: The rendered manifests.
        config: A file with a DevCache document, or None when it stands in the manifests.

    Raises:
        DevcacheError: See `render.render`.
    """
    declared = devcache.load(files.text(config), where=files.shown(config)) if config else None
    return render.render(rendered, declared, Path(), results.of_user(os.environ))
