"""Reads a mapping of plain values field by field, checks types and refuses unknown keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError, closest, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.manifests.nodes import Plain

_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ufeff]")
"""Blanks, control characters and line breaks of any kind."""


class Fields(NamedTuple):
    """A mapping and its place. A null or absent field has its default, as in Helm.

    Attributes:
        values: The fields.
        path: The path of the mapping in the document, e.g. `spec.cache`.
        where: The document, for error messages.
    """

    values: dict[str, Plain]
    path: str
    where: str

    @classmethod
    def of(cls, value: Plain, *keys: str, path: str, where: str) -> Fields:
        """Return the fields of `value`.

        Args:
            value: The value at `path`; null is a mapping without fields.
            *keys: The valid keys. Without them, every key is valid.
            path: The path of the value in the document.
            where: The document, for error messages.

        Raises:
            DevcacheError: The value is not a mapping, or has an unknown key.
        """
        values = {} if value is None else value
        if not isinstance(values, dict):
            problem = f"{path} is not a mapping"
            raise DevcacheError(problem, where=where, hint="write its fields as `key: value` pairs")
        return cls(values, path, where).only(*keys)

    def only(self, *keys: str) -> Fields:
        """Return the same fields if all their keys are valid; without `keys`, every key is valid.

        Raises:
            DevcacheError: There is an unknown key.
        """
        for key in self.values:
            if keys and key not in keys:
                problem = f"{self.path} has an unknown key {quoted(key)}"
                hint = closest(key, keys) or f"known keys: {', '.join(sorted(keys))}"
                raise DevcacheError(problem, where=self.where, hint=hint)
        return self

    def under(self, key: str, *keys: str) -> Fields:
        """Return the fields of the mapping under `key`; see `of`."""
        return Fields.of(self.values.get(key), *keys, path=f"{self.path}.{key}", where=self.where)

    def entries(self) -> Iterator[tuple[str, Plain]]:
        """Yield the fields that are not null, sorted by key."""
        yield from sorted((key, value) for key, value in self.values.items() if value is not None)

    def text(self, key: str, default: str = "") -> str:
        """Return a string."""
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.refusal(key, "is not a string", hint="put it in quotes")
        return value

    def word(self, key: str, default: str = "") -> str:
        """Return a string without blanks and control characters, e.g. a reference."""
        value = self.text(key, default)
        if _UNSAFE.search(value):
            raise self.refusal(key, "has blanks or control characters", hint="remove them")
        return value

    def choice(self, key: str, *choices: str) -> str:
        """Return one of `choices`; the first is the default."""
        value = self.text(key, choices[0])
        if value not in choices:
            hint = closest(value, choices) or f"write e.g. {key}: {choices[0]}"
            raise self.refusal(key, f"is not one of {', '.join(choices)}", hint=hint)
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a boolean."""
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            hint = "write true or false, without quotes"
            raise self.refusal(key, "is neither true nor false", hint=hint)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings."""
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.refusal(key, "is not a list of strings", hint='write e.g. ["a", "b"]')
        return tuple(str(item) for item in value)

    def refusal(self, key: str, problem: str, *, hint: str = "") -> DevcacheError:
        """Return the error for a field, e.g. `spec.cache.readOnly.mountPath is not a string`."""
        return DevcacheError(f"{self.path}.{key} {problem}", where=self.where, hint=hint)
