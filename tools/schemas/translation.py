"""Translates the schema of an object in the API server to the schema of its source in a package.

Crossplane decodes the source into a Go value, encodes it again and sends it. So an unknown field is
dropped, a missing field that is required has the zero value of its type, and an optional field that
is empty is missing. Then the API server sets the defaults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.schemas import rules
from tools.schemas.sources import Node, Schema, mapping, sequence

if TYPE_CHECKING:
    from collections.abc import Callable

_UNCHANGED = (
    "type",
    "enum",
    "maxItems",
    "maxLength",
    "minItems",
    "minLength",
    "required",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-preserve-unknown-fields",
)

_OMITTED = (
    "default",
    "description",
    "title",
    "x-kubernetes-group-version-kind",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-validations",
)
"""The keywords that make no difference, or that `check` does not cover."""

_FORMATS: dict[str, Schema] = {
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"minimum": -(2**63), "maximum": 2**63 - 1},
    "byte": {},
    "date-time": {},
    "double": {},
}
"""The ranges of Go's integers, which decode no other numbers; `check` does not cover the others."""

_FILLED = {
    "MutatingWebhook": {"clientConfig"},
    "ServiceReference": {"name", "namespace"},
    "ValidatingWebhook": {"clientConfig"},
}
"""The required fields that Crossplane sets (v2.4.2 internal/controller/pkg/revision/establisher.go,
enrichControlledResource)."""

_WORD: Schema = {"type": "string", "minLength": 1}

_TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}

_EMBEDDED: Schema = {
    "required": ["apiVersion", "kind"],
    "properties": {
        "apiVersion": _WORD,
        "kind": _WORD,
        "metadata": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "labels": _TEXTS, "annotations": _TEXTS},
        },
    },
}
"""The rules of the API server for an object inside another object."""


def of_crd(upstream: Schema) -> Schema:
    """Return the translation of a schema from a CRD.

    Raises:
        KeyError: The schema has a format or a rule that this program does not know.
        ValueError: It has a keyword that this program does not know.
    """
    schema = _keywords(upstream, of_crd)
    if "x-kubernetes-embedded-resource" in upstream:
        return schema | _EMBEDDED
    properties = {k: mapping(v) for k, v in mapping(schema.get("properties", {})).items()}
    required = set(map(str, sequence(schema.pop("required", []))))
    for field in (properties[name] for name in properties.keys() - required):
        field.pop("minItems", None)
        if "enum" in field:
            field["enum"] = [*sequence(field["enum"]), ""]
    refused = sorted(name for name in required if not _admits_zero(properties[name]))
    defaults = {k: v.get("default") for k, v in _properties(upstream).items()}
    upstream_rules = map(mapping, sequence(upstream.get("x-kubernetes-validations", [])))
    translated = [rules.translate(rule, defaults) for rule in upstream_rules]
    all_of: list[Node] = [rule for rule in translated if rule]
    return (
        schema
        | ({"required": [*refused]} if refused else {})
        | ({"allOf": all_of} if all_of else {})
    )


def _admits_zero(field: Schema) -> bool:
    """Return whether a field may have the zero value of its Go type."""
    if "x-kubernetes-preserve-unknown-fields" in field:
        return False
    match field.get("type"):
        case "boolean" | "integer" | "number":
            return True
        case "string":
            return not field.keys() & {"enum", "minLength"}
        case "object":  # a struct, not a map
            return "properties" in field and "required" not in field
        case _:
            return False


def of_openapi(upstream: dict[str, Schema], name: str, definitions: dict[str, Schema]) -> Schema:
    """Return the translation of the schema of a kind of Kubernetes.

    The API server itself decodes such an object into Go types, and its code refuses an empty string
    in a required field.

    Args:
        upstream: All schemas of the API group.
        name: The apiVersion and kind.
        definitions: Gains the translations of the schemas that this one references.

    Raises:
        ValueError: The schema has a keyword that this program does not know.
    """
    schema = _native(upstream[name.partition(" ")[2]])
    sent = {k: v for k, v in _properties(schema).items() if k not in {"metadata", "status"}}
    pending = _references({**sent})
    while pending:
        reference = pending.pop()
        if reference not in definitions:
            definitions[reference] = _native(upstream[reference], _FILLED.get(reference, set()))
            pending |= _references(definitions[reference])
    return schema


def _native(upstream: Schema, filled: set[str] | None = None) -> Schema:
    schema = _keywords(upstream, _native)
    schema.pop("x-kubernetes-list-map-keys", None)  # only `kubectl apply` reads it
    properties = mapping(schema.get("properties", {}))
    required = set(map(str, sequence(schema.pop("required", [])))) - (filled or set())
    for field in (mapping(properties[name]) for name in required):
        if field.get("type") == "string":
            field["minLength"] = 1
    refused = sorted(name for name in required if not _admits_zero(mapping(properties[name])))
    return schema | ({"required": [*refused]} if refused else {})


def _properties(schema: Schema) -> dict[str, Schema]:
    return {name: mapping(field) for name, field in mapping(schema.get("properties", {})).items()}


def _keywords(upstream: Schema, translate: Callable[[Schema], Schema]) -> Schema:
    """Return a schema with the keywords of JSON Schema.

    Args:
        upstream: The schema.
        translate: Translates the schemas inside it.
    """
    schema: Schema = {}
    for keyword, value in upstream.items():
        match keyword:
            case "properties":
                schema[keyword] = {k: translate(mapping(v)) for k, v in mapping(value).items()}
            case "items" | "additionalProperties":
                schema[keyword] = translate(mapping(value))
            case "$ref":
                schema[keyword] = f"#/$defs/{str(value).rpartition('.')[2]}"
            case "allOf":  # Kubernetes puts a reference into it
                (reference,) = sequence(value)
                schema |= translate(mapping(reference))
            case "format":
                schema |= _FORMATS[str(value)]
            case _:
                schema |= _unchanged(keyword, value)
    return schema


def _unchanged(keyword: str, value: Node) -> Schema:
    if keyword in _UNCHANGED:
        return {keyword: value}
    if keyword not in _OMITTED:
        raise ValueError(keyword)
    return {}


def types(schema: Schema) -> Schema:
    """Return only the types of a schema, for an object that Crossplane decodes but never sends."""
    result: Schema = {}
    for keyword, value in schema.items():
        match keyword:
            case "properties":
                result[keyword] = {k: types(mapping(v)) for k, v in mapping(value).items()}
            case "items" | "additionalProperties":
                result[keyword] = types(mapping(value))
            case "type" | "minimum" | "maximum":
                result[keyword] = value
            case _:
                pass
    return result


def _references(node: Node) -> set[str]:
    """Return the names of the definitions that a schema references."""
    if isinstance(node, list):
        return set().union(*map(_references, node))
    if not isinstance(node, dict):
        return set()
    reference = node.get("$ref")
    own = {reference.rpartition("/")[2]} if isinstance(reference, str) else set()
    return own.union(*map(_references, node.values()))
