"""The schemas of the metadata of objects, with the rules of the API server's code."""

from __future__ import annotations

from tools.schemas import sources, translation
from tools.schemas.sources import Schema, mapping, sequence

_LABEL = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_ANY_DOMAIN = _DOMAIN.replace("a-z", "A-Za-z")
"""The syntax of labels and names (apimachinery v0.34.4, pkg/util/validation/validation.go)."""

_KEY = "has a key that is not a qualified name, such as `example.org/name`"

_RULES: dict[str, Schema] = {
    "labels": {
        "patternProperties": {
            f"^({_DOMAIN}/)?{_LABEL}$": {
                "type": "string",
                "pattern": f"^({_LABEL})?$",
                "message": "is not the value of a label: up to 63 letters, digits, `-`, `_`, `.`",
            }
        },
        "additionalProperties": False,
        "message": _KEY,
    },
    "annotations": {
        "patternProperties": {f"^({_ANY_DOMAIN}/)?{_LABEL}$": {"type": "string"}},
        "additionalProperties": False,
        "message": _KEY,
    },
}
"""All wrong keys are one error, because each error holds a copy of the mapping."""

_NAME: Schema = {
    "minLength": 1,
    "maxLength": 253,
    "pattern": f"^({_DOMAIN})?$",
    "message": "is not a DNS subdomain: up to 253 lower-case letters, digits, `-` and `.`",
}

_SERVER_FIELDS = ("creationTimestamp", "deletionTimestamp", "managedFields", "ownerReferences")
"""The fields that a package does not set."""


def definitions(version: str) -> dict[str, Schema]:
    """Return the schemas that `complete` references.

    Args:
        version: The version of Kubernetes.
    """
    anonymous = _object_meta(version)
    named = _object_meta(version) | {"required": ["name"]}
    mapping(mapping(named["properties"])["name"]).update(_NAME)
    return {"Metadata": anonymous, "NamedMetadata": named}


def _object_meta(version: str) -> Schema:
    schema = translation.of_crd(sources.kubernetes(version, "v1 Pod")["ObjectMeta"])
    properties = mapping(schema["properties"])
    for name in _SERVER_FIELDS:
        del properties[name]
    for name, rules in _RULES.items():
        mapping(properties[name]).update(rules)
    return schema


def complete(schema: Schema, *, is_named: bool) -> Schema:
    """Return the schema of an object with metadata, and without the status, which is dropped.

    Args:
        schema: Its schema upstream.
        is_named: Whether Crossplane creates an object with the name in the metadata.
    """
    properties = {k: v for k, v in mapping(schema["properties"]).items() if k != "status"}
    properties["metadata"] = {"$ref": f"#/$defs/{'NamedMetadata' if is_named else 'Metadata'}"}
    required = {
        *map(str, sequence(schema.get("required", []))),
        *(["metadata"] if is_named else []),
    }
    return schema | {"properties": properties, "required": [*sorted(required)]}
