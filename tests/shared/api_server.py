"""The objects of a Kubernetes API server, with the documented behaviour of its requests.

https://kubernetes.io/docs/reference/using-api/api-concepts/ and .../server-side-apply/. It shares
no code with the client under test. Lists are atomic, and every object is cluster-scoped.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from postrender.manifests.nodes import Plain

    Object = dict[str, Plain]
    Response = tuple[int, Plain]
    Path = tuple[str, ...]

Key = tuple[str, str]
"""The resource and the name of an object."""


class Manager(NamedTuple):
    """A field manager; it owns the fields that it applies apart from those that it updates."""

    name: str
    operation: str


class Request(NamedTuple):
    """A request; its verb is get, list, create, apply, patch, delete or version."""

    verb: str
    resource: str
    name: str
    subresource: str
    query: dict[str, str]
    body: Object


def status(code: int, message: str) -> Response:
    return code, {"apiVersion": "v1", "kind": "Status", "code": code, "message": message}


def value(node: Plain, *path: str) -> Plain:
    """Return the value at a path, or None."""
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def mapping(node: Plain, *path: str) -> Object:
    """Return the mapping at a path, or an empty one."""
    result = value(node, *path)
    return result if isinstance(result, dict) else {}


def sequence(node: Plain, *path: str) -> list[Plain]:
    """Return the list at a path, or an empty one."""
    result = value(node, *path)
    return result if isinstance(result, list) else []


def text(node: Plain, *path: str) -> str:
    """Return the string at a path, or ""."""
    result = value(node, *path)
    return result if isinstance(result, str) else ""


class ApiServer:
    """The objects of a cluster, and the answers to requests.

    Attributes:
        objects: The objects. A change replaces an object, and never edits it.
        refusals: The status and the message of refused requests, by verb and resource.
        missing_resources: The resources without a CRD.
        version: The version of Kubernetes.
        request_count: The number of requests.
        before_request: Called before each request with its number, from 1.
    """

    def __init__(self) -> None:
        self.objects: dict[Key, Object] = {}
        self.refusals: dict[tuple[str, str], tuple[int, str]] = {}
        self.missing_resources: set[str] = set()
        self.version = "1.34"
        self.request_count = 0
        self.before_request: Callable[[int], None] = lambda _: None
        self._lock = threading.Lock()
        self._version = 0
        self._owned: dict[Key, dict[Manager, set[Path]]] = {}

    def react(self) -> None:
        """React to a change as controllers do."""

    def log(self, pod: str) -> str:
        """Return the log of a pod."""
        return pod

    def answer(self, request: Request) -> Response:
        """Answer a request."""
        with self._lock:
            self.request_count += 1
            number = self.request_count
        self.before_request(number)
        with self._lock:
            if refusal := self.refusals.get((request.verb, request.resource)):
                return status(*refusal)
            if request.resource in self.missing_resources:
                return 404, "404 page not found"
            answers = {"version": self._kubernetes, "list": self._list, "create": self._create}
            if answer := answers.get(request.verb):
                return answer(request)
            return self._answer(request, (request.resource, request.name))

    def _answer(self, request: Request, key: Key) -> Response:
        current, manager = self.objects.get(key), request.query.get("fieldManager", "")
        if current is None and request.verb != "apply":
            return status(404, "not found")
        expected = text(request.body, "metadata", "resourceVersion")
        if expected and expected != text(current, "metadata", "resourceVersion"):
            return status(409, "the object has been modified")
        match request.verb, request.subresource:
            case "get", "log":
                return 200, self.log(request.name)
            case "apply", _:
                force = request.query.get("force") == "true"
                if not force and self._conflicts(key, request.body, manager):
                    return status(409, "conflict with another field manager")
                self.apply(key, request.body, manager)
            case "patch", subresource:
                self._patch(key, request.body, manager, subresource)
            case "delete", _:
                self.delete(key)
                return 200, {"kind": "Status", "status": "Success"}
            case _:
                pass
        return 200, self.objects.get(key, request.body)

    def _kubernetes(self, _request: Request) -> Response:
        major, _, minor = self.version.partition(".")
        return 200, {"major": major, "minor": minor}

    def _create(self, request: Request) -> Response:
        key, manager = (request.resource, request.name), request.query.get("fieldManager", "")
        if key in self.objects:
            return status(409, "already exists")
        self._owned[key] = {Manager(manager, "Update"): field_paths(request.body)}
        self.replace(key, request.body)
        return 201, self.objects[key]

    def _list(self, request: Request) -> Response:
        selector = request.query.get("labelSelector", "")
        fields = filter(None, request.query.get("fieldSelector", "").split(","))
        expected = dict(field.split("=", 1) for field in fields)
        items: list[Plain] = [
            dict(current)
            for (resource, _), current in sorted(self.objects.items())
            if resource == request.resource
            and is_selected(mapping(current, "metadata", "labels"), selector)
            and all(text(current, *path.split(".")) == expected[path] for path in expected)
        ]
        return 200, {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}

    def apply(self, key: Key, manifest: Object, manager: str) -> None:
        """Apply a manifest server-side with force.

        The fields that the manager applied before and that the manifest lacks are removed, unless
        another manager owns them. Other managers lose the fields that change.
        """
        applier, owned = Manager(manager, "Apply"), self._owned.setdefault(key, {})
        result, paths = self.objects.get(key, {}), field_paths(manifest)
        others = {path for other in owned if other != applier for path in owned[other]}
        for path in owned.get(applier, set()) - paths - others:
            result = without(result, path)
        self._take(key, manifest, applier, paths)
        owned[applier] = paths
        self.replace(key, merged(result, manifest))

    def _conflicts(self, key: Key, manifest: Object, manager: str) -> bool:
        current, owned = self.objects.get(key), self._owned.get(key, {})
        others = {path for other in owned if other.name != manager for path in owned[other]}
        paths = field_paths(manifest) & others
        return any(value(current, *path) != value(manifest, *path) for path in paths)

    def _patch(self, key: Key, patch: Object, manager: str, subresource: str) -> None:
        """Merge a patch; a patch of a subresource changes only that part and the metadata."""
        parts = {"metadata", subresource} if subresource else patch.keys() - {"status"}
        patch = {name: part for name, part in patch.items() if name in parts}
        updater, paths = Manager(manager, "Update"), field_paths(patch)
        self._take(key, patch, updater, paths)
        owned = self._owned.setdefault(key, {})
        owned[updater] = owned.get(updater, set()) | paths
        self.replace(key, merged(self.objects[key], patch))
        metadata = mapping(self.objects.get(key), "metadata")
        if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            self.delete(key)

    def _take(self, key: Key, manifest: Object, manager: Manager, paths: set[Path]) -> None:
        """Remove the fields that change from the other managers."""
        current = self.objects.get(key)
        changes = {path for path in paths if value(current, *path) != value(manifest, *path)}
        owned = self._owned.setdefault(key, {})
        for other in owned.keys() - {manager}:
            owned[other] = owned[other] - changes

    def delete(self, key: Key) -> None:
        """Delete an object; with finalizers it only becomes terminating."""
        current = self.objects[key]
        if value(current, "metadata", "finalizers"):
            if not text(current, "metadata", "deletionTimestamp"):
                terminating: Object = {"metadata": {"deletionTimestamp": "2026-11-29T12:00:00Z"}}
                self.store(key, merged(current, terminating))
        else:
            del self.objects[key]
            self._owned.pop(key, None)
        self.react()

    def replace(self, key: Key, new: Object) -> None:
        """Replace an object, and let the controllers react."""
        self.store(key, new)
        self.react()

    def store(self, key: Key, new: Object) -> None:
        """Store an object with a new resourceVersion, the defaults of its CRD and its owners."""
        self._version += 1
        managed: list[Plain] = [
            {"manager": manager.name, "operation": manager.operation, "fieldsV1": fields_v1(paths)}
            for manager, paths in sorted(self._owned.get(key, {}).items())
            if paths
        ]
        version: Object = {"resourceVersion": str(self._version), "managedFields": managed}
        self.objects[key] = _defaulted({**new, "metadata": {**mapping(new, "metadata"), **version}})


def is_selected(labels: Object, selector: str) -> bool:
    """Return whether labels match an equality-based label selector."""
    for requirement in filter(None, selector.split(",")):
        key, _, expected = requirement.replace("==", "=").partition("=")
        if (labels.get(key.rstrip("!")) == expected) == key.endswith("!"):
            return False
    return True


def merged(below: Object, above: Object) -> Object:
    """Return a JSON merge patch applied to an object (RFC 7386): null removes a key."""
    result = dict(below)
    for key, new in above.items():
        if new is None:
            result.pop(key, None)
        else:
            result[key] = merged(mapping(below, key), new) if isinstance(new, dict) else new
    return result


def field_paths(manifest: Object) -> set[Path]:
    """Return the paths of the fields that a manifest gives its manager; a list is one field."""
    unowned: set[Path] = {("apiVersion",), ("kind",)}
    unowned |= {("metadata", name) for name in ("name", "namespace", "resourceVersion")}
    return set(_leaves(manifest)) - unowned


def _leaves(node: Object, path: Path = ()) -> Iterator[Path]:
    for key, child in node.items():
        if isinstance(child, dict) and child:
            yield from _leaves(child, (*path, key))
        else:
            yield (*path, key)


def without(node: Object, path: Path) -> Object:
    """Return an object without a field, and without the mappings that become empty."""
    rest = {key: child for key, child in node.items() if key != path[0]}
    if len(path) == 1 or path[0] not in node:
        return rest
    child = without(mapping(node, path[0]), path[1:])
    return {**rest, path[0]: child} if child else rest


def fields_v1(paths: set[Path]) -> Object:
    """Return paths as the FieldsV1 of managedFields."""
    result: Object = {}
    for path in sorted(paths):
        nested: Object = {}
        for key in reversed(path):
            nested = {f"f:{key}": nested}
        result = merged(result, nested)
    return result


def _defaulted(new: Object) -> Object:
    """Return an object with the defaults of Crossplane's CRDs of Functions and Providers."""
    if not mapping(new, "spec", "runtimeConfigRef"):
        return new
    defaults = {"apiVersion": "pkg.crossplane.io/v1beta1", "kind": "DeploymentRuntimeConfig"}
    return merged({"spec": {"runtimeConfigRef": {**defaults}}}, new)
