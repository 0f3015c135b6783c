"""The layouts of Crossplane's package cache: root, file names, pull policy, by release line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from postrender.crossplane.versions import dotted
from postrender.errors import DevcacheError

if TYPE_CHECKING:
    from postrender.crossplane.versions import Line, Version


class Layout(NamedTuple):
    """The layout of the package cache in a range of Crossplane lines.

    Attributes:
        first: The first line of the range.
        last: The last line of the range.
        cache_root: The folder where Crossplane mounts its package cache.
        keyed_by: The origin of a file's name: the path in `spec.package` (pull policy Never), or
            source and digest (every pull policy except Always).
        pull_policy: The pull policy that makes Crossplane read its cache first.
        qualified: Whether `spec.package` must have a registry, and a tag or digest.
        function_version: The API version in which Crossplane stores Functions.
    """

    first: Line
    last: Line
    cache_root: str
    keyed_by: Literal["path", "digest"]
    pull_policy: Literal["Never", "IfNotPresent"]
    qualified: bool
    function_version: str

    @property
    def lines(self) -> str:
        """The range as text, e.g. `1.17-1.19`."""
        first, last = dotted(self.first), dotted(self.last)
        return first if first == last else f"{first}-{last}"


LAYOUTS = (
    Layout(
        (1, 14), (1, 16), "/cache", "path", "Never", qualified=False, function_version="v1beta1"
    ),
    Layout((1, 17), (1, 19), "/cache", "path", "Never", qualified=False, function_version="v1"),
    Layout(
        (1, 20), (1, 20), "/cache/xpkg", "path", "Never", qualified=False, function_version="v1"
    ),
    Layout((2, 0), (2, 1), "/cache/xpkg", "path", "Never", qualified=True, function_version="v1"),
    Layout(
        (2, 2),
        (2, 4),
        "/cache/xpkg",
        "digest",
        "IfNotPresent",
        qualified=True,
        function_version="v1",
    ),
)
"""All layouts, from Crossplane's source and tested on a cluster for each line; see docs/cache.md.

No patch release changed a layout.
"""


def layout_of(version: Version, *, where: str, override: str = "--crossplane") -> Layout:
    """Return the layout of a Crossplane version.

    A line newer than the table is an error and does not get the newest layout: the cache contract
    changed in 1.20, 2.0 and 2.2, and with the wrong layout Helm succeeds but no package becomes
    Healthy. See docs/cache.md.

    Args:
        version: The version.
        where: The place that names it, for error messages.
        override: The setting by which the user names another version.

    Raises:
        DevcacheError: The line is not in the table.
    """
    for layout in LAYOUTS:
        if layout.first <= version.line <= layout.last:
            return layout
    line, oldest, newest = map(dotted, (version.line, LAYOUTS[0].first, LAYOUTS[-1].last))
    if version.line > LAYOUTS[-1].last:
        problem = f"Crossplane {line} is not known yet: the newest known line is {newest}"
        hint = (
            f"look for a newer crossplane-devcache, or set {override} to {newest} and install a"
            f" package without `package`: it becomes Healthy only if Crossplane {line} reads its"
            f" cache as {newest} does"
        )
        raise DevcacheError(problem, where=where, hint=hint)
    problem = f"Crossplane {line} is not one of the supported lines {oldest} to {newest}"
    hint = f"set {override} to a supported version if this Crossplane behaves like it"
    raise DevcacheError(problem, where=where, hint=hint)
