"""The validation rules of Crossplane's CRDs, which are in CEL, as schemas with the same meaning.

They are so few that `check` needs no library for CEL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.schemas.sources import mapping, sequence

if TYPE_CHECKING:
    from tools.schemas.sources import Node, Schema

_SET: dict[str, Schema] = {
    "connectionSecretKeys": {"minItems": 1},
    "matchLabels": {"minProperties": 1},
    "name": {"minLength": 1},
    "pipeline": {"minItems": 1},
}
"""The fields that Crossplane does not send if they are empty."""


def _has(*names: str, **values: str) -> Schema:
    """Return the schema of a mapping with these fields, and with these values of fields."""
    properties: Schema = {name: _is(value) for name, value in values.items()}
    properties |= {name: _SET[name] for name in names if name in _SET}
    return {"required": [*values, *names], "properties": properties}


def _is(value: Node) -> Schema:
    """Return the schema of a field with a value; an empty field may have the default."""
    return {"enum": [value, ""]}


def _has_not(*names: str) -> Schema:
    """Return the schema of a mapping that lacks one of these fields."""
    return {"not": _has(*names)}


def _either(*schemas: Node) -> Schema:
    return {"anyOf": list(schemas)}


_LOWER: Schema = {"pattern": "^[^A-Z]*$"}

_RULES: dict[str, Schema] = {
    "!has(self.claimNames)": _has_not("claimNames"),
    "!has(self.connectionSecretKeys)": _has_not("connectionSecretKeys"),
    "self.scope == 'LegacyCluster' || !has(self.claimNames)": _either(
        _has(scope="LegacyCluster"), _has_not("claimNames")
    ),
    "self.scope == 'LegacyCluster' || !has(self.connectionSecretKeys)": _either(
        _has(scope="LegacyCluster"), _has_not("connectionSecretKeys")
    ),
    "self.plural == self.plural.lowerAscii()": {"properties": {"plural": _LOWER}},
    "!has(self.singular) || self.singular == self.singular.lowerAscii()": {
        "properties": {"singular": _LOWER}
    },
    "self.strategy == 'Webhook' && has(self.webhook)": _has("webhook", strategy="Webhook"),
    "self.mode == 'Pipeline' && has(self.pipeline)": _has("pipeline", mode="Pipeline")
    | {"hint": "Crossplane 2 has no Resources mode: run e.g. function-patch-and-transform"},
    "self.source == 'Secret' && has(self.secretRef)": _has("secretRef", source="Secret"),
    "!(has(self.name) && has(self.matchLabels))": _has_not("name", "matchLabels"),
    "(has(self.name) && !has(self.matchLabels)) || (!has(self.name) && has(self.matchLabels))": {
        "oneOf": [_has("name"), _has("matchLabels")]
    },
}


def translate(rule: Schema, defaults: Schema) -> Schema:
    """Return the schema of a rule for the source of an object, with the message of the rule.

    A rule on `oldSelf` holds for a new object: its schema is empty.

    Args:
        rule: The rule, from `x-kubernetes-validations`.
        defaults: The defaults of the fields, which the API server sets before it evaluates rules.

    Raises:
        KeyError: The rule is not known.
    """
    expression = " ".join(str(rule["rule"]).split())
    if "oldSelf" in expression:
        return {}
    return _with_defaults(_RULES[expression], defaults) | {"message": rule["message"]}


def _with_defaults(schema: Schema, defaults: Schema) -> Schema:
    result = dict(schema)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            options = map(mapping, sequence(schema[keyword]))
            result[keyword] = [_with_defaults(option, defaults) for option in options]
    if "required" in schema:
        constants = mapping(schema["properties"])
        result["required"] = [
            name
            for name in map(str, sequence(schema["required"]))
            if constants.get(name) != _is(defaults.get(name))
        ]
    return result
