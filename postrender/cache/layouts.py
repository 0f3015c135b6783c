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

_NEWEST_PATCH = 10**6


class Version(NamedTuple):
    """A version of Crossplane. It compares with tuples: `version >= (2, 0, 3)`.

    Attributes:
        major: The major version.
        minor: The minor version.
        patch: The patch. A bare line such as `2.0` stands for its newest patch.
    """

    major: int
    minor: int
    patch: int = _NEWEST_PATCH

    @property
    def line(self) -> Line:
        """The release line."""
        return (self.major, self.minor)

    def __str__(self) -> str:
        """Return it as text, e.g. `2.4.2`, or `2.4` for a bare line."""
        return shown(self if self.patch < _NEWEST_PATCH else self.line)


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
"""Read from Crossplane's source and tried on a cluster, line by line; see docs/cache.md.

No patch release changed a layout.
"""

_KINDS: dict[str, dict[str, tuple[int, ...]]] = {
    "Configuration": {
        "meta.pkg.crossplane.io/v1 Configuration": (1, 14),
        "meta.pkg.crossplane.io/v1alpha1 Configuration": (1, 14),
        "apiextensions.crossplane.io/v1 CompositeResourceDefinition": (1, 14),
        "apiextensions.crossplane.io/v2 CompositeResourceDefinition": (2, 0),
        "apiextensions.crossplane.io/v1 Composition": (1, 14),
        "apiextensions.crossplane.io/v1alpha1 ManagedResourceActivationPolicy": (2, 0, 3),
        "ops.crossplane.io/v1alpha1 Operation": (2, 0),
        "ops.crossplane.io/v1alpha1 CronOperation": (2, 0),
        "ops.crossplane.io/v1alpha1 WatchOperation": (2, 0),
    },
    "Provider": {
        "meta.pkg.crossplane.io/v1 Provider": (1, 14),
        "meta.pkg.crossplane.io/v1alpha1 Provider": (1, 14),
        "apiextensions.k8s.io/v1 CustomResourceDefinition": (1, 14),
        "apiextensions.k8s.io/v1beta1 CustomResourceDefinition": (1, 14),
        "apiextensions.crossplane.io/v1alpha1 ManagedResourceDefinition": (2, 0, 3),
        "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration": (1, 14),
        "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration": (1, 14),
    },
    "Function": {
        "meta.pkg.crossplane.io/v1 Function": (1, 17, 2),
        "meta.pkg.crossplane.io/v1beta1 Function": (1, 14),
        "apiextensions.k8s.io/v1 CustomResourceDefinition": (1, 14),
        "apiextensions.k8s.io/v1beta1 CustomResourceDefinition": (1, 14),
    },
}
"""The kinds that a package may hold, by its kind, with the first version that admits each.

Crossplane's linter refuses other kinds, and its scheme cannot parse them: internal/xpkg/lint.go and
scheme.go from v1.14.0 to v2.2.4, pkg/xpkg of crossplane-runtime since v2.3.0. Two patch releases
changed the linter: v1.17.2 and v2.0.3.
"""

_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4})(?:[-+_.][0-9A-Za-z._+-]*)?)?")


def version_of(text: str) -> Version | None:
    """Return the version that a text or an image's tag names, e.g. `v2.4.2-rc.1`, or None."""
    match = _VERSION.fullmatch(text)
    return Version(*(int(number) for number in match.groups() if number)) if match else None


def require_version(text: str, *, where: str) -> Version:
    """Return the version that the user names; see `version_of`.

    Args:
        text: The version.
        where: The place of the text, for error messages.

    Raises:
        DevcacheError: The text is not a version.
    """
    version = version_of(text)
    if version is None:
        problem = f"is not a version: {quoted(text)}"
        raise DevcacheError(problem, where=where, hint="use e.g. 2.4.2 or 1.20")
    return version


def layout_of(version: Version, *, where: str, override: str = "--crossplane") -> Layout:
    """Return the layout that a Crossplane version uses.

    A line newer than the table is an error and not the newest layout: the cache contract changed in
    1.20, 2.0 and 2.2, and with the wrong layout Helm succeeds but no package becomes Healthy. See
    docs/cache.md.

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
    line, oldest, newest = map(shown, (version.line, LAYOUTS[0].first, LAYOUTS[-1].last))
    if version.line > LAYOUTS[-1].last:
        problem = f"Crossplane {line} is not known yet: the newest known line is {newest}"
        hint = (
            f"look for a newer crossplane-devcache, or set {override} to {newest} and install a"
            f" package without `package`: it becomes Healthy only where Crossplane {line} reads its"
            f" cache as {newest} does"
        )
        raise DevcacheError(problem, where=where, hint=hint)
    problem = f"Crossplane {line} is not one of the supported lines {oldest} to {newest}"
    hint = f"set {override} to a supported version if this Crossplane behaves like it"
    raise DevcacheError(problem, where=where, hint=hint)


def semver(version: Version) -> Rules:
    """Return the rules by which a Crossplane version reads the range of a `dependsOn`.

    Its go.mod says: Masterminds/semver 1.5.0 up to 2.2, 3.4.0 in 2.3, 3.5.0 in 2.4.
    """
    return "v3" if version >= (2, 3) else "v1"


def pins_digests(version: Version) -> bool:
    """Return whether a `dependsOn` may name a digest instead of a range.

    Since 1.18 (v1.18.0 internal/controller/pkg/revision/dependency.go, Resolve).
    """
    return version >= (1, 18)


def refused_kind(
    package_kind: str, api_version: str, kind: str, version: Version, *, where: str
) -> Iterator[DevcacheError]:
    """Yield the refusal of an object that a package of this kind must not hold.

    Crossplane's linter refuses the object.
    """
    kinds = _KINDS[package_kind]
    admitted = [name for name, first in kinds.items() if version >= first]
    name = f"{api_version} {kind}"
    if name in admitted:
        return
    problem = f"a {package_kind} of Crossplane {version} must not hold {quoted(name)}"
    hint = f"it may hold {', '.join(admitted)}; leave other files out with `ignore`"
    if name in kinds:
        problem += f", which Crossplane {shown(kinds[name])} admits first"
    yield DevcacheError(problem, where=where, hint=hint)


def shown(numbers: tuple[int, ...]) -> str:
    """Return a line or a version as text, e.g. `1.20`."""
    return ".".join(map(str, numbers))
