"""The filter: modifies rendered manifests."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.declared import devcache, files
from postrender.interface import arguments
from postrender.interface.command import PROGRAM, Command, Stdin
from postrender.release import render

if TYPE_CHECKING:
    from postrender.release.split import ReleasePart


def run(
    *, rendered: bytes, config: Path | None = None, part: ReleasePart | None = None
) -> list[bytes]:
    """Return the modified manifests, in pieces.

    Relative package paths start from the working directory.

    Args:
        rendered: The rendered manifests.
        config: A file with a DevCache document, or None if the document is in the manifests.
        part: The part of the modified manifests to return, or None for all.

    Raises:
        DevcacheError: See `render.render`.
    """
    declared = devcache.load(files.text(config), where=files.title(config)) if config else None
    if declared and declared.live and not declared.release_revision:
        # Only our chart sets the revision of the release, and each revision needs a unique string.
        declared = declared._replace(release_revision=str(int(time.time())))
    return render.render(rendered, declared, Path(), result_cache.of_user(os.environ), part)


COMMAND = Command(
    help="modify rendered manifests",
    example="--config devcache.yaml <rendered.yaml",
    arguments=arguments.none,
    run=run,
    stdin=Stdin(
        parameter="rendered",
        origin=f"rendered manifests from stdin: helm ... --post-renderer {PROGRAM}",
    ),
)
