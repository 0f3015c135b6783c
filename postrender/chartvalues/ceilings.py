"""Refuses values that a ConfigMap or a release of Helm cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.chartvalues.gates import FILTER
from postrender.errors import DevcacheError
from postrender.payload import limits
from postrender.release import chart

if TYPE_CHECKING:
    from postrender.payload.contents import Contents

_HINT = f"{FILTER}: it packs the packages smaller, and a release stores them once"


def check(contents: Contents, text: str, *, limit_release: bool) -> None:
    """Refuse values that are too large.

    Args:
        contents: The contents of the ConfigMap.
        text: The values file.
        limit_release: Whether Helm stores the release in a Secret.

    Raises:
        DevcacheError: The ConfigMap or the release is too large.
    """
    limits.check_config_map(contents, where="the ConfigMap of the values", hint=_HINT)
    ceiling = limits.RELEASE - limits.RELEASE_MARGIN
    # The values and the manifests both contain the packages. Deflate finds no match over such a
    # distance, so a release stores both.
    size = 2 * limits.release_size(text.encode()) + chart.MANIFESTS
    if limit_release and size > ceiling:
        problem = (
            f"the packages are {contents.size:,} bytes of gzip, which a release stores twice, in"
            f" its values and its manifests: these take {size:,} bytes, but Helm's release Secret"
            f" has room for {ceiling:,} beside the chart"
        )
        hint = f"{_HINT}; or set limits.release=false if no Secret stores the release"
        raise DevcacheError(problem, hint=hint)
