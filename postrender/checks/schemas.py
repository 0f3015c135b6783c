"""Validates objects against the schemas of Crossplane and Kubernetes.

`make generate` writes the schemas; see `tools/schemas`. They describe the source of an object,
which Crossplane decodes into a Go value, encodes again and sends to the API server.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError, ValidationErrorKind

from postrender.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jsonschema_rs import KeywordValidator

    from postrender.crossplane.versions import Line
    from postrender.manifests.nodes import Plain

_Schema = dict[str, "Plain"]

_DATA = Path(__file__).parents[1] / "schemas" / "objects.json"

_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]{0,62}")

_DECODED = ("type", "minimum", "maximum")
"""The keywords that follow from the type of a Go field."""

_UNDECODED = "x-kubernetes-preserve-unknown-fields"
"""The keyword of a value that Crossplane does not decode into fields."""

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "a string",
}


class Violation(NamedTuple):
    """A value that Crossplane or the API server refuses.

    Attributes:
        field: The path of the field, e.g. `spec.versions[0].served`, or "" for the object.
        problem: The problem, without the value.
        judge: The program that refuses the object: Crossplane's parser, which then reads no object
            of the package, or the API server.
        hint: The next step for the user, or "".
    """

    field: str
    problem: str
    judge: Literal["parser", "API server"]
    hint: str = ""


class _ListMapKeys:
    """The keyword of a list whose items have different values of some keys."""

    def __init__(self, _schema: _Schema, value: Plain, _path: list[str | int]) -> None:
        """Store the keys."""
        self._keys = [str(key) for key in value] if isinstance(value, list) else []

    def validate(self, instance: object) -> None:
        """Raise a ValueError if two items have the same values.

        Items without one of the keys are not compared: the API server sets defaults first.
        """
        items = instance if isinstance(instance, list) else []
        seen = set()
        for item in items:
            values = tuple(item.get(key) for key in self._keys) if isinstance(item, dict) else ()
            if not values or not all(isinstance(value, str) for value in values):
                continue
            if values in seen:
                message = " and ".join(self._keys)
                raise ValueError(message)
            seen.add(values)


def violations(
    api_version: str, kind: str, line: Line, value: Plain, *, only_first: bool = False
) -> list[Violation]:
    """Return the violations of an object; none if its kind has no schema.

    Args:
        api_version: The apiVersion of the object.
        kind: The kind of the object.
        line: The line of Crossplane.
        value: The object; see `objects.read`.
        only_first: Whether to return only the first violation, which takes less memory.
    """
    number = _number(f"{api_version} {kind}", line)
    if number is None:
        return []
    validator = _validator(number)
    if validator.is_valid(value):
        return []
    errors = list(_errors(validator, value, only_first=only_first))
    # The API server evaluates the rules of a valid object only.
    errors = [error for error in errors if not _is_rule(error)] or errors
    return list(dict.fromkeys(_violation(error, number) for error in errors))


class _Data(TypedDict):
    """The content of objects.json."""

    kinds: dict[str, dict[str, int]]
    """The index of the schema by apiVersion and kind, and by the first line that has it."""

    schemas: list[_Schema]


def _errors(
    validator: Draft202012Validator, value: Plain, *, only_first: bool
) -> Iterator[ValidationError]:
    if not only_first:
        yield from validator.iter_errors(value)
        return
    try:
        validator.validate(value)
    except ValidationError as error:
        yield error


_KEYWORDS: dict[str, type[KeywordValidator]] = {"x-kubernetes-list-map-keys": _ListMapKeys}


@cache
def _data() -> _Data:
    data = json.loads(_DATA.read_bytes())
    definitions = data["$defs"]
    schemas = [{**schema, "$defs": definitions} for schema in data["schemas"]]
    return {"kinds": data["kinds"], "schemas": schemas}


def _number(name: str, line: Line) -> int | None:
    """Return the index of the schema of a kind in a line, or None."""
    by_line = _data()["kinds"].get(name, {})
    numbers = [
        number for first, number in by_line.items() if tuple(map(int, first.split("."))) <= line
    ]
    return numbers[-1] if numbers else None


@cache
def _validator(number: int) -> Draft202012Validator:
    # This engine takes linear time: the patterns also read hostile labels.
    return Draft202012Validator(
        _data()["schemas"][number], pattern_options=RegexOptions(), keywords=_KEYWORDS
    )


def _is_rule(error: ValidationError) -> bool:
    return "allOf" in error.schema_path


def _violation(error: ValidationError, number: int) -> Violation:
    schemas = list(_schemas(error.schema_path, number))
    path, hint = error.instance_path, ""
    is_decoded = error.kind.name in _DECODED
    match error.kind:
        case ValidationErrorKind.Type(types):
            problem = f"is not {' or '.join(map(_TYPES.__getitem__, types))}"
            is_decoded = not any(schema.get(_UNDECODED) is True for schema in schemas)
            if types == ["string"] and not isinstance(error.instance, dict | list):
                hint = "put it in quotes"
            elif isinstance(error.instance, str) and types[0] in {"boolean", "integer", "number"}:
                hint = "remove the quotes"
        case ValidationErrorKind.Minimum() | ValidationErrorKind.Maximum():
            problem = "does not fit into the integer of the field"
        case ValidationErrorKind.Required(name) if not _is_rule(error):
            path, problem = [*path, name], "is missing"
        case ValidationErrorKind.MinLength() | ValidationErrorKind.MinItems():
            problem = "is empty"
        case _:
            problem = _problem(error, schemas)
            hint = _text(schemas, "hint")
    return Violation(_field(path), problem, "parser" if is_decoded else "API server", hint)


def _problem(error: ValidationError, schemas: Sequence[_Schema]) -> str:
    """Return the problem of a value that has the right type."""
    message = _text(schemas, "message")
    if message:
        return message[0].lower() + message[1:].rstrip(".")
    match error.kind:
        case ValidationErrorKind.Enum(options):
            return f"is not one of {', '.join(str(option) for option in options if option)}"
        case ValidationErrorKind.MaxLength(limit):
            return f"has more than {limit} characters"
        case ValidationErrorKind.MaxItems(limit):
            return f"has more than {limit} items"
        case ValidationErrorKind.Custom():
            return f"has two items with the same {error.kind.message}"
        case _:
            return f"breaks the rule {error.kind.name} of its schema"


def _text(schemas: Sequence[_Schema], key: str) -> str:
    """Return the innermost text of one of our own keywords; a property may have the same name."""
    values = (schema.get(key) for schema in reversed(schemas))
    return next((value for value in values if isinstance(value, str)), "")


def _schemas(path: Sequence[str | int], number: int) -> Iterator[_Schema]:
    """Yield the schemas along the path of a keyword."""
    node: object = _data()["schemas"][number]
    for key in path:
        if isinstance(node, dict):
            yield node
            node = node[key]
        elif isinstance(node, list):
            node = node[int(key)]


def _field(path: Sequence[str | int]) -> str:
    """Return a path as text, e.g. `spec.versions[0].served`."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{quoted(key)}]"
    return text.removeprefix(".")
