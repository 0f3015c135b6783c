"""What a Crossplane version wants where: cache root, key, pull policy, API versions, kinds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from postrender.cache import references
from postrender.errors import DevcacheError, quoted

Line = tuple[int, int]
"""A Crossplane release line, e.g. (1, 20)."""


@dataclass(frozen=True)
class Layout:
    """How a range of Crossplane lines finds a package in its cache.

    Attributes:
        first: The first line that it holds for.
        last: The last one.
        cache_root: Where Crossplane mounts its package cache.
        keyed_by: What names a package's file: the path that `spec.package` is (read with pull
            policy Never), or source and digest (read with every policy but Always).
        pull_policy: The pull policy that makes Crossplane read its cache first.
        qualified: Whether only a reference with registry and tag or digest is admitted.
        function_version: The API version in which it stores Functions.
    """

    first: Line
    last: Line
    cache_root: str
    keyed_by: Literal["path", "digest"]
    pull_policy: Literal["Never", "IfNotPresent"]
    qualified: bool
    function_version: str

    def admits(self, reference: references.Reference) -> bool:
        """Return whether this Crossplane's API admits the reference in `spec.package`."""
        return reference.is_qualified or not self.qualified

    def cache_key(self, reference: references.Reference, digest: str) -> str:
        """Return the file that Crossplane reads for a package, relative to the cache root.

        Args:
            reference: The package's `spec.package`.
            digest: The digest that it resolves to, `sha256:` and 64 hexadecimal digits.
        """
        if self.keyed_by == "path":
            return references.path_key(reference.text)
        return references.digest_key(reference.source, digest)


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
"""Read from Crossplane's source and tried on a cluster, line by line; see docs/cache.md."""

_KINDS: dict[str, dict[str, Line]] = {
    "Configuration": {
        "apiextensions.crossplane.io/CompositeResourceDefinition": (1, 14),
        "apiextensions.crossplane.io/Composition": (1, 14),
        "ops.crossplane.io/Operation": (2, 0),
        "ops.crossplane.io/CronOperation": (2, 0),
        "ops.crossplane.io/WatchOperation": (2, 0),
        "apiextensions.crossplane.io/ManagedResourceActivationPolicy": (2, 1),
    },
    "Provider": {
        "apiextensions.k8s.io/CustomResourceDefinition": (1, 14),
        "admissionregistration.k8s.io/MutatingWebhookConfiguration": (1, 14),
        "admissionregistration.k8s.io/ValidatingWebhookConfiguration": (1, 14),
        "apiextensions.crossplane.io/ManagedResourceDefinition": (2, 1),
    },
    "Function": {"apiextensions.k8s.io/CustomResourceDefinition": (1, 14)},
}
"""The kinds that a package may hold, by package kind, with the line that admits them first.

Crossplane's linter: internal/xpkg/lint.go of v1.14.0, v2.0.2, v2.1.3 and v2.2.1.
"""

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.\d+(?:[-+_.][0-9A-Za-z._+-]*)?)?")


def line_of(version: str) -> Line | None:
    """Return the release line of a version or image tag, e.g. `v2.4.0-rc.1`, or None."""
    found = _VERSION.fullmatch(version)
    return (int(found[1]), int(found[2])) if found else None


def layout_of(line: Line, *, where: str) -> Layout:
    """Return the layout that a Crossplane line uses.

    Raises:
        DevcacheError: The line is older or newer than the table.
    """
    for layout in LAYOUTS:
        if layout.first <= line <= layout.last:
            return layout
    oldest, newest = _shown(LAYOUTS[0].first), _shown(LAYOUTS[-1].last)
    problem = f"Crossplane {_shown(line)} is not one of the supported lines {oldest} to {newest}"
    hint = "set crossplaneVersion to a supported version if this Crossplane behaves like it"
    raise DevcacheError(problem, where=where, hint=hint)


def check_kind(package_kind: str, api_version: str, kind: str, line: Line, *, where: str) -> None:
    """Refuse an object that a package of this kind must not hold on this line.

    Raises:
        DevcacheError: Crossplane's linter would refuse it.
    """
    admitted = _KINDS[package_kind]
    first = admitted.get(f"{api_version.partition('/')[0]}/{kind}")
    if first is not None and first <= line:
        return
    problem = f"a {package_kind} of Crossplane {_shown(line)} must not hold the kind {quoted(kind)}"
    names = [name.partition("/")[2] for name, since in admitted.items() if since <= line]
    hint = f"it may hold {', '.join(sorted(names))}; leave other files out with `ignore`"
    raise DevcacheError(problem, where=where, hint=hint)


def _shown(line: Line) -> str:
    return f"{line[0]}.{line[1]}"
