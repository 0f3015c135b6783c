"""`watch`: push packages whenever they are saved."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

from postrender import results
from postrender.live import release, targets, watching
from postrender.live.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.live.watching import Show


def run(  # noqa: PLR0913  # the options of the command line
    *,
    show: Show,
    paths: Sequence[Path] = (),
    values_files: Sequence[Path] = (),
    namespace: str = "crossplane-system",
    context: str = "",
    timeout: float = 300,
) -> NoReturn:
    """Push until it is interrupted.

    Args:
        show: Shows how it goes.
        paths: Packages on disk; none for all of the values, or all that the release declares.
        values_files: Values files of our chart, or none.
        namespace: The namespace of the release.
        context: The context of the kubeconfig, or "" for the current one.
        timeout: Seconds until a push is given up.

    Raises:
        DevcacheError: A path is no package as it starts, or there is no release in live mode.
    """
    declared, kept = targets.declared(values_files), results.of_user(os.environ)
    asked = Cluster(context, namespace)
    chosen = targets.choose(release.find(asked), paths, declared, kept)
    watching.watch(asked, chosen, show, timeout, kept)
