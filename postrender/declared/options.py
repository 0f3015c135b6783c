"""Loads the declaration of a command: values files of our chart, or a DevCache document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.declared import devcache, files, values
from postrender.declared.values import Upstream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.fields import Fields


def load(values_files: Sequence[Path], config: Path | None) -> tuple[Fields, Upstream]:
    """Return the fields of the declaration, and the values for the upstream chart.

    Args:
        values_files: Values files of our chart; later files take precedence.
        config: A file with a DevCache document, or None. With it, no values files are read.

    Raises:
        DevcacheError: A file cannot be read, is not YAML, or is not such a declaration.
    """
    if config:
        return devcache.load_spec(files.text(config), where=files.title(config)), Upstream()
    fields = values.load(values_files)
    return fields.under("devcache"), values.upstream(fields)
