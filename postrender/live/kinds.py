"""Objects of the Kubernetes API as plain values: their kinds, and their common fields."""

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
    """A kind of objects, and its resource in the API."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = False

    @property
    def api_version(self) -> str:
        """The `apiVersion` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version


CONFIG_MAPS = Kind("", "v1", "ConfigMap", "configmaps", namespaced=True)
PODS = Kind("", "v1", "Pod", "pods", namespaced=True)
NODES = Kind("", "v1", "Node", "nodes")
DEPLOYMENTS = Kind("apps", "v1", "Deployment", "deployments", namespaced=True)
EVENTS = Kind("", "v1", "Event", "events", namespaced=True)
DEFINITIONS = Kind(
    "apiextensions.crossplane.io",
    "v1",
    "CompositeResourceDefinition",
    "compositeresourcedefinitions",
)
IMAGE_CONFIGS = Kind(GROUP, "v1beta1", "ImageConfig", "imageconfigs")
CRDS = Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions")
NAMESPACES = Kind("", "v1", "Namespace", "namespaces")
SECRETS = Kind("", "v1", "Secret", "secrets", namespaced=True)
LEASES = Kind("coordination.k8s.io", "v1", "Lease", "leases", namespaced=True)
CLUSTER_ROLES = Kind("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles")
MANAGED_DEFINITIONS = Kind(
    "apiextensions.crossplane.io",
    "v1alpha1",
    "ManagedResourceDefinition",
    "managedresourcedefinitions",
)
LOCKS = Kind(GROUP, "v1beta1", "Lock", "locks")
RUNTIME_CONFIGS = Kind(GROUP, "v1beta1", "DeploymentRuntimeConfig", "deploymentruntimeconfigs")


_FINAL_PHASES = {"Failed", "Succeeded"}
"""The phases of a pod that has ended, e.g. because it was evicted."""


def of_definition(definition: Object) -> Kind:
    """Return the kind that a CRD defines, in the version that etcd stores."""
    spec = fields(definition).under("spec")
    names = spec.under("names")
    versions = items(spec.values.get("versions"))
    stored = (item.text("name") for item in versions if item.flag("storage", default=False))
    return Kind(
        spec.text("group"),
        next(stored, ""),
        names.text("kind"),
        names.text("plural"),
        namespaced=spec.text("scope") == "Namespaced",
    )


def package_kind(kind: str, target: Target) -> Kind:
    """Return the kind of a package object, e.g. that of Configurations."""
    return Kind(GROUP, target.package_version(kind), kind, f"{kind.lower()}s")


def revision_kind(kind: str, target: Target) -> Kind:
    """Return the kind of the revisions of a kind of packages."""
    package = package_kind(kind, target)
    return package._replace(kind=f"{kind}Revision", plural=f"{kind.lower()}revisions")


def fields(value: Object) -> Fields:
    """Return the fields of an object, to read them."""
    return Fields.of(value, path="it", where=str(value.get("kind", "the object")))


def items(value: Plain) -> list[Fields]:
    """Return the items of a list of mappings, to read them."""
    values = value if isinstance(value, list) else []
    return [Fields.of(item, path="it", where="the list") for item in values]


def name(value: Object) -> str:
    """Return the name of an object."""
    return fields(value).under("metadata").text("name")


def is_ending(pod: Object) -> bool:
    """Return whether a pod is terminating or has ended."""
    phase = fields(pod).under("status").text("phase")
    return is_terminating(pod) or phase in _FINAL_PHASES


def namespace(value: Object) -> str:
    """Return the namespace of an object, or ""."""
    return fields(value).under("metadata").text("namespace")


def label(value: Object, key: str) -> str:
    """Return a label of an object, or ""."""
    return fields(value).under("metadata").under("labels").text(key)


def is_terminating(value: Object) -> bool:
    """Return whether an object is being deleted."""
    return fields(value).under("metadata").text("deletionTimestamp") != ""


def owners(value: Object) -> list[Fields]:
    """Return the owner references of an object."""
    return items(fields(value).under("metadata").values.get("ownerReferences"))


def resource_version(value: Object) -> str:
    """Return the resourceVersion of an object, which changes with the object."""
    return fields(value).under("metadata").text("resourceVersion")


def managers(value: Object) -> set[str]:
    """Return the field managers of an object."""
    managed = fields(value).under("metadata").values.get("managedFields")
    return {item.text("manager") for item in items(managed)}


def manager(value: Object, *path: str, default: str = "helm") -> str:
    """Return the field manager that owns a field of an object.

    A push that applies as this manager does not change the ownership of fields.

    Args:
        value: The object.
        *path: The field, e.g. `data`, `index`.
        default: The field manager if nobody owns the field.
    """
    for managed in items(fields(value).under("metadata").values.get("managedFields")):
        node: Plain = managed.values.get("fieldsV1")
        for step in path:
            node = node.get(f"f:{step}") if isinstance(node, dict) else None
        if node is not None and not managed.text("subresource"):
            return managed.text("manager", default)
    return default


def includes(current: Plain, manifest: Plain) -> bool:
    """Return whether a value has all fields of a manifest; the API server may add defaults."""
    if not isinstance(manifest, dict):
        return current == manifest
    return isinstance(current, dict) and all(
        includes(current.get(key), value) for key, value in manifest.items()
    )
