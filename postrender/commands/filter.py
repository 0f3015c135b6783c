"""The filter: modifies rendered manifests."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.declared import config as config_file
from postrender.declared import devcache
from postrender.errors import DevcacheError, raise_refusal
from postrender.interface import arguments
from postrender.interface.command import PROGRAM, Command, Stdin
from postrender.release import render

if TYPE_CHECKING:
    from postrender.release.split import ReleasePart


def run(
    *,
    rendered: bytes,
    config: Path | None = None,
    part: ReleasePart | None = None,
    relative_to_file: bool = False,
) -> list[bytes]:
    """Return the modified manifests, in pieces.

    Args:
        rendered: The rendered manifests, or the ResourceList of a KRM function.
        config: A file with a DevCache document, or None if the document is in the manifests.
        part: The part of the modified manifests to return, or None for all.
        relative_to_file: Whether relative package paths start from the folder of `config`, and not
            from the working directory.

    Raises:
        DevcacheError: See `render.render`, and `function.answer`.
    """
    # Only our chart sets the revision of the release, and each revision needs a unique string.
    revision = str(int(time.time()))
    declared = None
    if config:
        spec = config_file.load(config, relative_to_file=relative_to_file)
        declared = devcache.read(spec, refuse=raise_refusal).numbered(revision)
    cache = result_cache.of_user(os.environ)
    if b"ResourceList" in rendered:  # which no manifest of the chart mentions
        from postrender.krm import function, resource_list  # noqa: PLC0415  # for a KRM function

        if items := resource_list.find(rendered):
            if part:
                problem = "a ResourceList has no parts"
                raise DevcacheError(problem, hint="omit --part")
            return function.answer(items, declared, revision, Path(), cache)
    return render.render(rendered, declared, Path(), cache, part)


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
