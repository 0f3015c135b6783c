"""Finds the ConfigMaps beside the release that no object in the cluster references."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from postrender import labels
from postrender.errors import DevcacheError
from postrender.fields import Fields
from postrender.payload.external import PREFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from postrender.manifests.nodes import Plain

KINDS = "configmaps,deployments,replicasets,pods"
"""The kinds to list. A rollback of a Deployment goes back to one of its ReplicaSets."""

_NAME = re.compile(re.escape(PREFIX) + "[0-9a-f]{16}")


def unreferenced(
    listed: str, *, where: str, namespace: str, declared: Collection[str]
) -> list[str]:
    """Return the names of the ConfigMaps that no listed object names, in any of its fields.

    Args:
        listed: The output of `kubectl get configmaps,deployments,replicasets,pods -o json`.
        where: The output, for error messages.
        namespace: The namespace that all listed objects must have, or "" for any one namespace.
        declared: Names that the declaration references, which are never returned.

    Raises:
        DevcacheError: The output is not such a list, or has several namespaces or another one.
    """
    objects = [_fields(item, where) for item in _items(listed, where)]
    kinds = {fields.text("kind") for fields in objects}
    for kind in ("Deployment", "ReplicaSet"):
        if kind not in kinds:
            problem = f"lists no {kind}, and therefore no references to the ConfigMaps"
            hint = f"get {KINDS}; after an uninstall, delete all with the labels {_selector()}"
            raise DevcacheError(problem, where=where, hint=hint)
    namespaces = {fields.under("metadata").text("namespace") for fields in objects}
    if len(namespaces | ({namespace} if namespace else set())) > 1:
        problem = "lists more than one namespace, or a namespace other than --namespace"
        raise DevcacheError(problem, where=where, hint=f"kubectl get {KINDS} -n NAMESPACE -o json")
    ours = {fields.under("metadata").text("name") for fields in objects if _is_payload(fields)}
    others = (fields.values for fields in objects if fields.text("kind") != "ConfigMap")
    return sorted(ours.difference(declared, *map(_texts, others)))


def _selector() -> str:
    return f"{labels.PART_OF}={labels.OWNER},{labels.COMPONENT}={labels.PAYLOAD}"


def _items(listed: str, where: str) -> list[Plain]:
    try:
        value: Plain = json.loads(listed)
    except (ValueError, RecursionError):
        problem = "is not JSON"
        raise DevcacheError(problem, where=where, hint="kubectl get ... -o json") from None
    items = _fields(value, where).values.get("items")
    if not isinstance(items, list):
        problem = "is not a list of objects"
        raise DevcacheError(problem, where=where, hint=f"kubectl get {KINDS} -o json")
    return items


def _fields(value: Plain, where: str) -> Fields:
    return Fields.of(value, path="an object", where=where)


def _is_payload(fields: Fields) -> bool:
    metadata = fields.under("metadata")
    object_labels = metadata.under("labels")
    values = (object_labels.text(labels.PART_OF), object_labels.text(labels.COMPONENT))
    if fields.text("kind") != "ConfigMap" or values != (labels.OWNER, labels.PAYLOAD):
        return False
    return _NAME.fullmatch(metadata.text("name")) is not None


def _texts(value: Plain) -> Iterator[str]:
    """Yield all strings inside a value."""
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            pending += part.values()
        elif isinstance(part, list):
            pending += part
