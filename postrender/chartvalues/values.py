"""The steps from a declaration to values of the upstream chart that contain its packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender import requirements, result_cache
from postrender.chartvalues import (
    ceilings,
    gates,
    header,
    mounts,
    package_lists,
    package_objects,
    users,
)
from postrender.checks import inputs
from postrender.errors import raise_refusal
from postrender.manifests import emit
from postrender.release import argocd, objects

if TYPE_CHECKING:
    from postrender.chartvalues.users import Lists
    from postrender.declared.values import Upstream
    from postrender.fields import Fields
    from postrender.manifests.nodes import Plain
    from postrender.result_cache import ResultCache


def compose(
    spec: Fields,
    upstream: Upstream,
    *,
    crossplane: str,
    has_objects: bool,
    cache: ResultCache = result_cache.NO_CACHE,
) -> str:
    """Return a values file of the upstream chart.

    It depends only on the arguments, the package files and the version of zlib. Relative package
    paths start from the working directory.

    Args:
        spec: The `spec` of a DevCache document, or the `devcache` values of our chart.
        upstream: The user's values of the upstream chart.
        crossplane: The Crossplane version, or "" for the declared version, else our chart's.
        has_objects: Whether the release has the package objects. Otherwise Crossplane creates them,
            from the package lists of its chart.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: The declaration or a package is invalid, or values cannot express it.
    """
    all_inputs = inputs.read(
        spec,
        upstream,
        crossplane=crossplane,
        tell=lambda _: None,
        refuse=raise_refusal,
        cache=cache,
    )
    for refusal in gates.refusals(all_inputs, upstream):
        raise refusal
    declared, packages, target = all_inputs.declared, all_inputs.packages, all_inputs.target
    lists: Lists = {}
    added: list[dict[str, Plain]] = []
    if has_objects:
        added = package_objects.of_packages(packages, target, upstream.block)
    else:
        packages = package_lists.by_digest(packages, target)
        lists = package_lists.lists(packages)
    if not declared.allow_unhealthy:
        requirements.require(packages, target)
    contents = mounts.contents(packages)
    if packages:
        lists |= mounts.lists(packages, target)
        added = [mounts.config_map(packages, contents), *added]
        added = argocd.annotated(added) if declared.argocd else objects.documents(added)
        lists[users.EXTRA_OBJECTS] = [*added]
    users.require_no_conflict(upstream.block, added, packages, target)
    lists = users.with_entries(upstream.block, lists)
    values = users.nested({**users.settings(upstream.block, declared, packages), **lists})
    comment = header.of(packages, lists, target, has_objects=has_objects, argocd=declared.argocd)
    text = comment + emit.block(values)
    ceilings.check(contents, text, limit_release=declared.limit_release)
    return text
