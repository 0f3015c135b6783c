"""The declaration that a command is given: values files of our chart, or a DevCache document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.declared import devcache, files, values
from postrender.declared.values import Upstream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.fields import Fields


def specified(values_files: Sequence[Path], config: Path | None) -> tuple[Fields, Upstream]:
    """Return the fields of the declaration, and what is said of the upstream chart beside it.

    Args:
        values_files: Values files of our chart, the last one first to count.
        config: A file with a DevCache document; then no values files are read.

    Raises:
        DevcacheError: A file cannot be read, is no YAML, or no such declaration.
    """
    if config:
        return devcache.specified(files.text(config), where=files.shown(config)), Upstream()
    given = values.load(values_files)
    return given.under("devcache"), values.upstream(given)
