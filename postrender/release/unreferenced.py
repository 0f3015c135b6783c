"""Which ConfigMaps beside the release nothing in the cluster references any more."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from postrender import marks
from postrender.errors import DevcacheError
from postrender.fields import Fields
from postrender.release.apart import PREFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from postrender.manifests.nodes import Plain

KINDS = "configmaps,deployments,replicasets,pods"
"""What must be listed. A ReplicaSet is what a rollback of its Deployment goes back to."""

_NAME = re.compile(re.escape(PREFIX) + "[0-9a-f]{16}")


def names(listed: str, *, where: str, namespace: str, kept: Collection[str]) -> list[str]:
    """Return the names of those that no listed object names, in any of its fields.

    Args:
        listed: What `kubectl get configmaps,deployments,replicasets,pods -o json` prints.
        where: What error messages call it.
        namespace: The namespace that it must be of, or "" for any one.
        kept: Names that are referenced, whatever is listed.

    Raises:
        DevcacheError: It is no such list, or not of one namespace.
    """
    objects = [_fields(item, where) for item in _items(listed, where)]
    kinds = {one.text("kind") for one in objects}
    for kind in ("Deployment", "ReplicaSet"):
        if kind not in kinds:
            problem = f"lists no {kind}, and so not what references the ConfigMaps"
            hint = f"get {KINDS}; after an uninstall, delete all by their label, {_selector()}"
            raise DevcacheError(problem, where=where, hint=hint)
    namespaces = {one.under("metadata").text("namespace") for one in objects}
    if len(namespaces | ({namespace} if namespace else set())) > 1:
        problem = "lists more than one namespace, or another one than --namespace"
        raise DevcacheError(problem, where=where, hint=f"kubectl get {KINDS} -n NAMESPACE -o json")
    ours = {one.under("metadata").text("name") for one in objects if _is_payload(one)}
    others = (one.values for one in objects if one.text("kind") != "ConfigMap")
    return sorted(ours.difference(kept, *map(_texts, others)))


def _selector() -> str:
    return f"{marks.PART_OF}={marks.OWNER},{marks.COMPONENT}={marks.PAYLOAD}"


def _items(listed: str, where: str) -> list[Plain]:
    try:
        value: Plain = json.loads(listed)
    except (ValueError, RecursionError):
        problem = "is not JSON"
        raise DevcacheError(problem, where=where, hint="kubectl get ... -o json") from None
    found = _fields(value, where).values.get("items")
    if not isinstance(found, list):
        problem = "is not a list of objects"
        raise DevcacheError(problem, where=where, hint=f"kubectl get {KINDS} -o json")
    return found


def _fields(value: Plain, where: str) -> Fields:
    return Fields.of(value, path="an object", where=where)


def _is_payload(one: Fields) -> bool:
    metadata = one.under("metadata")
    labels = metadata.under("labels")
    marked = (labels.text(marks.PART_OF), labels.text(marks.COMPONENT))
    if one.text("kind") != "ConfigMap" or marked != (marks.OWNER, marks.PAYLOAD):
        return False
    return _NAME.fullmatch(metadata.text("name")) is not None


def _texts(value: Plain) -> Iterator[str]:
    pending = [value]
    while pending:
        found = pending.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            pending += found.values()
        elif isinstance(found, list):
            pending += found
