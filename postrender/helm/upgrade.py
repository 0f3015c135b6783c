"""The helm commands that install, upgrade and uninstall a release, with their files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from postrender.interface.command import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from postrender.helm.charts import Chart
    from postrender.helm.program import Helm
    from postrender.manifests.nodes import Plain

_VALUES, _CONFIG = "values.yaml", "devcache.yaml"


class Upgrade(NamedTuple):
    """A run of `helm upgrade --install`.

    Attributes:
        arguments: Its arguments.
        files: The contents of the files that it names, by their names in the folder.
    """

    arguments: tuple[str, ...]
    files: Mapping[str, str]


def install(  # noqa: PLR0913  # the parts of the command line
    helm: Helm,
    name: str,
    chart: Chart,
    values: Mapping[str, Plain],
    config: Mapping[str, Plain] | None,
    *,
    folder: Path | str,
    description: str = "",
    more: Sequence[str] = (),
) -> Upgrade:
    """Return the run that installs or upgrades a release.

    The bootstrap CRDs are created before it, in the version that this Crossplane needs.

    Args:
        helm: Helm.
        name: The name of the release.
        chart: The chart.
        values: The values of the chart, which replace those of the release.
        config: The DevCache document for the post-renderer, or None if the chart declares it.
        folder: The folder of the files.
        description: The description of the revision of the release, or "" for Helm's.
        more: More arguments of the user.
    """
    files = {_VALUES: _text(values)}
    arguments = [
        *("upgrade", "--install", name, *chart.arguments, *helm.target, "--skip-crds"),
        *(f"--values={folder}/{_VALUES}", "--post-renderer", PROGRAM),
    ]
    if config is not None:
        files[_CONFIG] = _text(config)
        arguments.append(f"--post-renderer-args=--config={folder}/{_CONFIG}")
    if description:
        arguments.append(f"--description={description}")
    return Upgrade((*arguments, *more), files)


def uninstall(helm: Helm, name: str) -> tuple[str, ...]:
    """Return the arguments that uninstall a release."""
    return ("uninstall", name, *helm.target)


def _text(value: Mapping[str, Plain]) -> str:
    """Return a value as JSON, which is YAML without aliases."""
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n"
