"""Refuses declarations that the filter refuses, and settings that values cannot express."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.checks import check
from postrender.errors import DevcacheError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.checks.inputs import Inputs
    from postrender.declared.devcache import DevCache
    from postrender.declared.values import Upstream

FILTER = "use the post-renderer"
"""The hint for declarations that only the post-renderer supports."""


def refusals(inputs: Inputs, upstream: Upstream) -> Iterator[DevcacheError]:
    """Yield the refusals of a declaration, except those of requirements, sizes and objects.

    Args:
        inputs: The declaration, with its target and its packages.
        upstream: The values of the upstream chart.
    """
    declared, target = inputs.declared, inputs.target
    if not target.reads_mounted_files:
        problem = (
            f"Crossplane {target.version} reads a file whose path has a colon, and no value of its"
            " chart can mount such a file"
        )
        hint = f"{FILTER}; values can contain packages from Crossplane 2.2 on"
        yield DevcacheError(problem, hint=hint)
    yield from _unsupported(declared, upstream)
    yield from check.refusals(inputs, upstream, offline=declared.offline)


def _unsupported(declared: DevCache, upstream: Upstream) -> Iterator[DevcacheError]:
    """Yield the refusal of each setting that needs the copier, or another kind of volume."""
    where = "the declaration"
    if declared.live:
        problem = "live mode needs the copier beside Crossplane, and values cannot add it"
        yield DevcacheError(problem, where=where, hint=f"{FILTER}, or set live: false")
    if declared.payload_apart:
        problem = "payload: apart needs the copier, which joins the parts of large packages"
        yield DevcacheError(problem, where=where, hint=f"{FILTER}, or set payload: release")
    if upstream.claim and declared.size_limit not in {"", "auto"}:
        problem = f"sizeLimit is {declared.size_limit}, but the cache volume is not an emptyDir"
        hint = "leave cache.readWrite.sizeLimit at auto"
        yield DevcacheError(problem, where="crossplane.packageCache.pvc", hint=hint)
