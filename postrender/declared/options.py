"""Loads the declaration of a command: values files of our chart, or a DevCache document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.declared import devcache, files, values
from postrender.declared.values import Upstream
from postrender.manifests import nodes

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
    return _of_values(values.load(values_files))


def of_text(text: str, *, where: str) -> tuple[Fields, Upstream]:
    """Return the fields and the values as `load` does, from a text of either form.

    Args:
        text: Values of our chart, or a DevCache document.
        where: The file, for error messages.

    Raises:
        DevcacheError: The text is not YAML, or is not such a declaration.
    """
    root = nodes.compose(text, where=where)
    if nodes.text(nodes.get(root, "kind")) == devcache.KIND:
        return devcache.load_spec(text, where=where), Upstream()
    return _of_values(values.of_texts([(text, where)], where=where))


def _of_values(fields: Fields) -> tuple[Fields, Upstream]:
    return fields.under("devcache"), values.upstream(fields)
