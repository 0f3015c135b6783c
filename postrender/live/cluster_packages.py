"""The packages that are installed in a cluster, and the origin of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender import labels
from postrender.crossplane.api import GROUP
from postrender.live import kinds
from postrender.live.kinds import CRDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Kind, Object

_PLURALS = ("configurations", "functions", "providers")

_CROSSPLANE = "crossplane"
"""The field manager of Crossplane, which installs dependencies and the packages of its values."""


class Package(NamedTuple):
    """A package object, or a package whose object is gone while a revision remains.

    Attributes:
        kind: Its kind.
        revision_kind: The kind of its revisions.
        name: The name of the package object.
        has_object: Whether the package object exists.
        is_ours: Whether the filter or a push made the package object.
        is_released: Whether the release has the package object, or a push made it for the release.
        is_removable: Whether this project, the release or Crossplane added it, and no user.
        revisions: Its revisions.
    """

    kind: Kind
    revision_kind: Kind
    name: str
    has_object: bool
    is_ours: bool
    is_released: bool
    is_removable: bool
    revisions: tuple[Object, ...]

    def __str__(self) -> str:
        """Return its kind and name."""
        return f"{self.kind.kind} {self.name}"


def read(cluster: Cluster, release: str) -> tuple[Package, ...]:
    """Return all packages in a cluster.

    Args:
        cluster: The cluster.
        release: The name of the release in its namespace.
    """
    return tuple(package for plural in _PLURALS for package in _of_kind(cluster, plural, release))


def revisions(packages: Iterable[Package]) -> list[tuple[Kind, Object]]:
    """Return the revisions of packages, with their kinds."""
    return [
        (package.revision_kind, revision) for package in packages for revision in package.revisions
    ]


def _of_kind(cluster: Cluster, plural: str, release: str) -> list[Package]:
    definition = cluster.get(CRDS, f"{plural}.{GROUP}")
    if definition is None:
        return []
    kind = kinds.of_definition(definition)
    revision_kind = kind._replace(
        kind=f"{kind.kind}Revision", plural=f"{plural.removesuffix('s')}revisions"
    )
    objects = {kinds.name(value): value for value in cluster.select(kind, {})}
    by_package: dict[str, list[Object]] = {name: [] for name in objects}
    for revision in cluster.select(revision_kind, {}):
        if parent := kinds.label(revision, labels.PARENT):
            by_package.setdefault(parent, []).append(revision)
    return [
        Package(
            kind=kind,
            revision_kind=revision_kind,
            name=name,
            has_object=name in objects,
            is_ours=name in objects and kinds.label(objects[name], labels.PART_OF) == labels.OWNER,
            is_released=name in objects and _owner(objects[name]) == (release, cluster.namespace),
            is_removable=name not in objects or _is_removable(objects[name], cluster, release),
            revisions=tuple(of_package),
        )
        for name, of_package in sorted(by_package.items())
    ]


def _is_removable(package: Object, cluster: Cluster, release: str) -> bool:
    owner = _owner(package)
    if any(owner):
        return owner == (release, cluster.namespace)
    if kinds.label(package, labels.PART_OF) == labels.OWNER:
        return True
    return kinds.manager(package, "spec", "package", default="") == _CROSSPLANE


def _owner(package: Object) -> tuple[str, str]:
    """Return the name and the namespace of the release of a package object, or two times ""."""
    annotations = kinds.fields(package).under("metadata").under("annotations")
    return annotations.text(labels.RELEASE_NAME), annotations.text(labels.RELEASE_NAMESPACE)
