"""Objects of the API as plain values: their kinds, and what all of them say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender.crossplane.api import GROUP
from postrender.fields import Fields

if TYPE_CHECKING:
    from postrender.crossplane.target import Target
    from postrender.manifests.nodes import Plain

Object = dict[str, "Plain"]
"""An object of the API."""


class Kind(NamedTuple):
    """A kind of objects, and where the API has them."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = False

    @property
    def api_version(self) -> str:
        """What objects of it have as apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version


CONFIG_MAPS = Kind("", "v1", "ConfigMap", "configmaps", namespaced=True)
PODS = Kind("", "v1", "Pod", "pods", namespaced=True)
DEPLOYMENTS = Kind("apps", "v1", "Deployment", "deployments", namespaced=True)
IMAGE_CONFIGS = Kind(GROUP, "v1beta1", "ImageConfig", "imageconfigs")
RUNTIME_CONFIGS = Kind(GROUP, "v1beta1", "DeploymentRuntimeConfig", "deploymentruntimeconfigs")


def package_kind(kind: str, target: Target) -> Kind:
    """Return the kind of a package object, e.g. that of Configurations."""
    return Kind(GROUP, target.package_version(kind), kind, f"{kind.lower()}s")


def revision_kind(kind: str, target: Target) -> Kind:
    """Return the kind of the revisions of packages of a kind."""
    package = package_kind(kind, target)
    return package._replace(kind=f"{kind}Revision", plural=f"{kind.lower()}revisions")


def fields(one: Object) -> Fields:
    """Return an object's fields, to be read."""
    return Fields.of(one, path="it", where=str(one.get("kind", "the object")))


def items(value: Plain) -> list[Fields]:
    """Return the items of a list of mappings, as fields to be read."""
    listed = value if isinstance(value, list) else []
    return [Fields.of(one, path="it", where="the list") for one in listed]


def name(one: Object) -> str:
    """Return an object's name."""
    return fields(one).under("metadata").text("name")


def resource_version(one: Object) -> str:
    """Return what changes with each change of an object."""
    return fields(one).under("metadata").text("resourceVersion")


def manager(one: Object, *path: str, default: str = "helm") -> str:
    """Return who is to be field manager, so that whoever made an object finds its fields its own.

    Args:
        one: The object.
        *path: A field that its maker has set, e.g. `data`, `index`.
        default: The field manager when nobody has.
    """
    for managed in items(fields(one).under("metadata").values.get("managedFields")):
        at: Plain = managed.values.get("fieldsV1")
        for step in path:
            at = at.get(f"f:{step}") if isinstance(at, dict) else None
        if at is not None and not managed.text("subresource"):
            return managed.text("manager", default)
    return default
