"""What a Crossplane version wants where: cache root, key, pull policy, API versions, kinds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from postrender.cache import references
from postrender.errors import DevcacheError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.cache.ranges import Rules

Line = tuple[int, int]
"""A Crossplane release line, e.g. (1, 20)."""


class Layout(NamedTuple):
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
        "meta.pkg.crossplane.io/v1 Configuration": (1, 14),
        "meta.pkg.crossplane.io/v1alpha1 Configuration": (1, 14),
        "apiextensions.crossplane.io/v1 CompositeResourceDefinition": (1, 14),
        "apiextensions.crossplane.io/v2 CompositeResourceDefinition": (2, 0),
        "apiextensions.crossplane.io/v1 Composition": (1, 14),
        "apiextensions.crossplane.io/v1alpha1 ManagedResourceActivationPolicy": (2, 1),
        "ops.crossplane.io/v1alpha1 Operation": (2, 0),
        "ops.crossplane.io/v1alpha1 CronOperation": (2, 0),
        "ops.crossplane.io/v1alpha1 WatchOperation": (2, 0),
    },
    "Provider": {
        "meta.pkg.crossplane.io/v1 Provider": (1, 14),
        "meta.pkg.crossplane.io/v1alpha1 Provider": (1, 14),
        "apiextensions.k8s.io/v1 CustomResourceDefinition": (1, 14),
        "apiextensions.k8s.io/v1beta1 CustomResourceDefinition": (1, 14),
        "apiextensions.crossplane.io/v1alpha1 ManagedResourceDefinition": (2, 1),
        "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration": (1, 14),
        "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration": (1, 14),
    },
    "Function": {
        "meta.pkg.crossplane.io/v1 Function": (1, 17),
        "meta.pkg.crossplane.io/v1beta1 Function": (1, 14),
        "apiextensions.k8s.io/v1 CustomResourceDefinition": (1, 14),
        "apiextensions.k8s.io/v1beta1 CustomResourceDefinition": (1, 14),
    },
}
"""What a package may hold, by its kind, with the line that admits it first.

Crossplane's linter and its scheme, beyond which it cannot parse: internal/xpkg/lint.go and
scheme.go of v1.14.0, v2.0.2, v2.1.3 and v2.2.1; cluster/crds of these and v2.4.0.
"""

_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.[0-9]+(?:[-+_.][0-9A-Za-z._+-]*)?)?")


def line_of(version: str) -> Line | None:
    """Return the release line of a version or image tag, e.g. `v2.4.0-rc.1`, or None."""
    found = _VERSION.fullmatch(version)
    return (int(found[1]), int(found[2])) if found else None


def require_line(version: str, *, where: str) -> Line:
    """Return the release line of a version that somebody gave; see `line_of`.

    Args:
        version: The version.
        where: What error messages call the place that it was given at.

    Raises:
        DevcacheError: It is no version.
    """
    line = line_of(version)
    if line is None:
        problem = f"is not a version: {quoted(version)}"
        raise DevcacheError(problem, where=where, hint="use e.g. 2.4.0 or 1.20")
    return line


def layout_of(line: Line, *, where: str, hint: str = "") -> Layout:
    """Return the layout that a Crossplane line uses.

    Args:
        line: The line.
        where: What error messages call what named it.
        hint: What to do about a line that is not in the table.

    Raises:
        DevcacheError: The line is older or newer than the table.
    """
    for layout in LAYOUTS:
        if layout.first <= line <= layout.last:
            return layout
    oldest, newest = shown(LAYOUTS[0].first), shown(LAYOUTS[-1].last)
    problem = f"Crossplane {shown(line)} is not one of the supported lines {oldest} to {newest}"
    raise DevcacheError(problem, where=where, hint=hint)


def semver(line: Line) -> Rules:
    """Return the rules by which a Crossplane line reads the range of a `dependsOn`.

    Its go.mod says: Masterminds/semver 1.5.0 up to 2.2, 3.4.0 in 2.3, 3.5.0 in 2.4.
    """
    return "v3" if line >= (2, 3) else "v1"


def pins_digests(line: Line) -> bool:
    """Return whether a `dependsOn` may name a digest instead of a range.

    Since 1.18 (v1.18.0 internal/controller/pkg/revision/dependency.go, Resolve).
    """
    return line >= (1, 18)


def refused_kind(
    package_kind: str, api_version: str, kind: str, line: Line, *, where: str
) -> Iterator[DevcacheError]:
    """Yield the refusal of an object that a package of this kind must not hold on this line.

    Crossplane's linter would refuse it.
    """
    admitted = [name for name, first in _KINDS[package_kind].items() if first <= line]
    found = f"{api_version} {kind}"
    if found not in admitted:
        problem = f"a {package_kind} of Crossplane {shown(line)} must not hold {quoted(found)}"
        hint = f"it may hold {', '.join(admitted)}; leave other files out with `ignore`"
        yield DevcacheError(problem, where=where, hint=hint)


def shown(line: Line) -> str:
    """Return a line as text, e.g. `1.20`."""
    return f"{line[0]}.{line[1]}"
