"""The APIs that packages define, and the resources that still exist in them.

Without its definition no resource can exist, so the removal of a package deletes the resources of
its APIs, or waits for their finalizers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from postrender.errors import DevcacheError, enumeration
from postrender.live import kinds
from postrender.live.kinds import CRDS, DEFINITIONS, MANAGED_DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from postrender.live.cluster import Cluster
    from postrender.live.kinds import Kind, Object
    from postrender.live.stopwatch import Stopwatch

Role = Literal["claim", "composite", "managed", "settings"]

_ORDER: tuple[Role, ...] = ("claim", "composite", "managed", "settings")
"""The order of a deletion: a claim owns its composite resource, which owns managed resources. A
managed resource needs the settings of its provider until it is gone."""

_SETTINGS = "Config"
"""A part of the kinds of a provider's settings: ProviderConfig, ProviderConfigUsage, StoreConfig.
"""

_DEFINING_KINDS = {kind.kind: kind for kind in (CRDS, MANAGED_DEFINITIONS)}
"""The kinds in a package that define the kind of managed resources under their own name."""

_NAMES_LIMIT = 20
"""The most resources that a message names."""


class Api(NamedTuple):
    """A kind that a package defines.

    Attributes:
        kind: The kind.
        role: The role of its resources.
    """

    kind: Kind
    role: Role


class Resource(NamedTuple):
    """A resource of such a kind.

    Attributes:
        api: Its kind.
        namespace: Its namespace, or "".
        name: Its name.
        is_owned: Whether another object controls it, and is responsible for its deletion.
        is_terminating: Whether it is being deleted.
    """

    api: Api
    namespace: str
    name: str
    is_owned: bool
    is_terminating: bool

    def __str__(self) -> str:
        """Return its kind and name."""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.api.kind.kind} {self.name}{where}"


def of_revisions(cluster: Cluster, revisions: Sequence[Object]) -> tuple[Api, ...]:
    """Return the kinds that package revisions define, if the cluster has them."""
    return tuple(
        Api(kinds.of_definition(definition), role)
        for name, role in sorted(dict(_names(cluster, revisions)).items())
        if (definition := cluster.get(CRDS, name))
    )


def composite_definitions(cluster: Cluster, revisions: Iterable[Object]) -> list[Object]:
    """Return the CompositeResourceDefinitions of package revisions."""
    names = {kinds.name(revision) for revision in revisions}
    return [
        definition
        for definition in cluster.select(DEFINITIONS, {})
        if any(
            _is_revision(owner.text("kind"), owner.text("name"), names)
            for owner in kinds.owners(definition)
        )
    ]


def objects(
    cluster: Cluster, revisions: Sequence[tuple[Kind, Object]]
) -> tuple[tuple[Kind, str], ...]:
    """Return the kinds and names of revisions and of their definitions, in the order of their end.

    Args:
        cluster: The cluster.
        revisions: The revisions, with their kinds.
    """
    values = [value for _, value in revisions]
    composite = composite_definitions(cluster, values)
    return (
        *((kind, kinds.name(value)) for kind, value in revisions),
        *((DEFINITIONS, kinds.name(value)) for value in composite),
        *_definitions(values),
    )


def existing(cluster: Cluster, apis: Iterable[Api]) -> tuple[Resource, ...]:
    """Return the resources that exist, in the order in which they can be deleted."""
    resources = [
        Resource(
            api,
            kinds.namespace(value),
            kinds.name(value),
            any(owner.flag("controller", default=False) for owner in kinds.owners(value)),
            kinds.is_terminating(value),
        )
        for api in apis
        for value in cluster.everywhere(api.kind)
    ]
    return tuple(sorted(resources, key=lambda resource: _ORDER.index(resource.api.role)))


def refusal(resources: Sequence[Resource], action: str, hint: str) -> DevcacheError:
    """Return the error for resources that still exist.

    Args:
        resources: The resources.
        action: The refused action, e.g. `removing the packages`.
        hint: The next step.
    """
    names = enumeration(list(map(str, resources)), _NAMES_LIMIT)
    problem = f"{action} would delete the resources of their APIs: {names}"
    return DevcacheError(problem, hint=hint)


def delete(cluster: Cluster, apis: Sequence[Api], stopwatch: Stopwatch) -> None:
    """Delete all resources of APIs, and wait until they are gone, while Crossplane runs.

    Raises:
        DevcacheError: The timeout has expired.
    """
    while remaining := existing(cluster, apis):
        role = remaining[0].api.role
        for resource in remaining:
            if resource.api.role == role and not (resource.is_owned or resource.is_terminating):
                cluster.delete(resource.api.kind, resource.name, resource.namespace)
        others = f" and {len(remaining) - 1} more" if len(remaining) > 1 else ""
        stopwatch.wait(f"{remaining[0]}{others} still exists")


def _names(cluster: Cluster, revisions: Sequence[Object]) -> Iterator[tuple[str, Role]]:
    """Yield the names of the CRDs that revisions define, directly or by another definition."""
    for _, name in _definitions(revisions):
        yield name, "settings" if _SETTINGS.lower() in name else "managed"
    for definition in composite_definitions(cluster, revisions):
        spec = kinds.fields(definition).under("spec")
        group = spec.text("group")
        yield f"{spec.under('names').text('plural')}.{group}", "composite"
        if claims := spec.under("claimNames").text("plural"):
            yield f"{claims}.{group}", "claim"


def _definitions(revisions: Iterable[Object]) -> Iterator[tuple[Kind, str]]:
    """Yield the kinds and names of the definitions of managed resources in revisions."""
    for revision in revisions:
        status = kinds.fields(revision).under("status")
        for reference in kinds.items(status.values.get("objectRefs")):
            if kind := _DEFINING_KINDS.get(reference.text("kind")):
                yield kind, reference.text("name")


def _is_revision(kind: str, name: str, names: set[str]) -> bool:
    return kind.endswith("Revision") and name in names
