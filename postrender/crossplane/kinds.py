"""The kinds of objects that a package may hold, by the version of Crossplane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.crossplane.versions import dotted
from postrender.errors import DevcacheError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.crossplane.versions import Version

KINDS: dict[str, dict[str, tuple[int, ...]]] = {
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


def is_foreign(api_version: str, kind: str) -> bool:
    """Return whether no package has an object of this group or kind.

    An object of such a group or kind may have a wrong version, or be in the wrong package. The
    kinds of meta objects do not count: `pkg.crossplane.io` has kinds of the same names.
    """
    names = [name.split(" ") for kinds in KINDS.values() for name in kinds]
    groups = {version.partition("/")[0] for version, _ in names}
    member_kinds = {name for _, name in names} - KINDS.keys()
    return api_version.partition("/")[0] not in groups and kind not in member_kinds


def refusals(
    package_kind: str, api_version: str, kind: str, version: Version, *, where: str
) -> Iterator[DevcacheError]:
    """Yield the refusal of an object that a package of this kind must not hold.

    Args:
        package_kind: The kind of the package, e.g. `Configuration`.
        api_version: The apiVersion of the object.
        kind: The kind of the object.
        version: The Crossplane version, whose linter refuses the object.
        where: The place of the object, for error messages.
    """
    kinds = KINDS[package_kind]
    admitted = [name for name, first in kinds.items() if version >= first]
    name = f"{api_version} {kind}"
    if name in admitted:
        return
    problem = f"a {package_kind} of Crossplane {version} must not hold {quoted(name)}"
    hint = f"it may hold {', '.join(admitted)}"
    if name in kinds:
        problem += f", which requires Crossplane {dotted(kinds[name])} or newer"
    yield DevcacheError(problem, where=where, hint=hint)
