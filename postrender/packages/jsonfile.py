"""Reads JSON of untrusted files, with one clear message for bad JSON."""

from __future__ import annotations

from postrender.errors import DevcacheError


def read_json(content: bytes, where: str) -> object:
    """Return the value of a JSON file, or raise a `DevcacheError`."""
    import json  # noqa: PLC0415  # the filter rarely needs it

    try:
        value: object = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        problem = "is not valid JSON"
        raise DevcacheError(problem, where=where) from error
    return value


def required_text(value: object, field: str, where: str) -> str:
    """Return a value that must be a string, or raise a `DevcacheError`."""
    if not isinstance(value, str):
        problem = f"{field} is not a string"
        raise DevcacheError(problem, where=where)
    return value
