"""Loads the declaration of a command: values files of our chart, or a DevCache document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.declared import config as config_file
from postrender.declared import devcache, values
from postrender.declared.values import Upstream
from postrender.manifests import nodes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.fields import Fields


def load(
    values_files: Sequence[Path], config: Path | None, *, relative_to_file: bool = False
) -> tuple[Fields, Upstream]:
    """Return the fields of the declaration, and the values for the upstream chart.

    Args:
        values_files: Values files of our chart; later files take precedence.
        config: A file with a DevCache document, or None. With it, no values files are read.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: A file cannot be read, is not YAML, or is not such a declaration.
    """
    if config:
        return config_file.load(config, relative_to_file=relative_to_file), Upstream()
    return _of_values(values.load(values_files, relative_to_file=relative_to_file))


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
    return _of_values(values.of_text(text, where=where))


def _of_values(fields: Fields) -> tuple[Fields, Upstream]:
    return fields.under("devcache"), values.upstream(fields)
