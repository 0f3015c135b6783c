"""Writes values as YAML in all the styles that people and programs use, chosen at random.

It is independent of the filter: a style that PyYAML reads as another value is a mistake here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from postrender.manifests.nodes import Plain

LINE_BREAKS = ("\r\n", "\r", "\x85", "\u2028")

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9/._-]*(:[A-Za-z0-9/._-]+)*|[1-9][0-9]*[A-Z][a-z]")


@dataclass(frozen=True)
class Style:
    """The style of a document.

    Attributes:
        random: The source of all choices.
        oddity: The probability of an unusual choice.
    """

    random: Random
    oddity: float

    def document(self, value: Plain) -> str:
        """Return a value as a document, with the line breaks that its text uses throughout."""
        head = self._pick("", "---\n", "--- # c\n", "# c\n", "\n")
        body = self._block(value, 0).lstrip("\n")
        text = body + self._pick("", "...\n", "\n", "# c\n")
        if self._is_odd():
            text = text.removesuffix("\n")
        if self._is_odd():
            text = text.replace("\n", self.random.choice(LINE_BREAKS))
        return self._pick("", "\ufeff") + head + text

    def _block(self, value: Plain, indent: int, properties: str = "") -> str:
        """Return a value after its key or dash, and the line breaks before and after it."""
        if not value or not isinstance(value, dict | list) or self._is_odd():
            return f" {properties}{self._value(value, indent)}"
        entries = (
            self._pairs(value, indent) if isinstance(value, dict) else self._items(value, indent)
        )
        start = f" {properties}".rstrip() if properties else ""
        return f"{start}{self._comment()}\n{entries}".removesuffix("\n") + "\n"

    def _pairs(self, mapping: dict[str, Plain], indent: int) -> str:
        lines = []
        margin = " " * indent
        for key, value in mapping.items():
            lines.append(self._between(indent))
            name = self._key(key)
            if self._is_odd():
                lines.append(f"{margin}? {name}{self._comment()}\n")
                if value is None and self._is_odd():
                    continue
                lines.append(f"{margin}:{self._entry(value, indent)}")
            else:
                lines.append(f"{margin}{name}:{self._entry(value, indent)}")
        return "".join(lines)

    def _entry(self, value: Plain, indent: int) -> str:
        step = self.random.choice((0, 2, 2, 2, 4)) if isinstance(value, list) else None
        step = self.random.choice((2, 2, 2, 1, 3, 4)) if step is None else step
        return self._block(value, indent + step, self._properties(value))

    def _items(self, sequence: list[Plain], indent: int) -> str:
        margin = " " * indent
        lines = []
        for item in sequence:
            lines.append(self._between(indent))
            if isinstance(item, dict) and item and not self._is_odd():
                entries = self._pairs(item, indent + 2).lstrip("\n")
                while entries.lstrip(" ").startswith(("#", "\n")):  # no comment in place of a key
                    entries = entries.partition("\n")[2]
                lines.append(f"{margin}- {entries[indent + 2 :]}")
            else:
                lines.append(f"{margin}-{self._entry(item, indent + 1)}")
        return "".join(lines)

    def _value(self, value: Plain, indent: int) -> str:
        """Return a scalar or flow collection, and the end of its line."""
        if isinstance(value, str) and value and self._is_odd():
            margin = " " * (indent + 2)
            header = "|-" if "\n" in value else self._pick("|-", ">-")
            lines = "".join(f"{margin}{line}\n" for line in value.split("\n"))
            return f"{header}{self._comment()}\n{lines}"
        return f"{self._flow(value)}{self._comment()}\n"

    def _flow(self, value: Plain) -> str:
        gap = self._pick("", " ", "")
        if isinstance(value, dict):
            pairs = (f"{self._key(key)}: {self._flow(each)}" for key, each in value.items())
            return f"{{{gap}{self._joined(pairs)}{gap}}}"
        if isinstance(value, list):
            return f"[{gap}{self._joined(map(self._flow, value))}{gap}]"
        return self._scalar(value)

    def _joined(self, texts: Iterable[str]) -> str:
        entries = ", ".join(texts)
        return f"{entries}," if entries and self._is_odd() else entries

    def _key(self, key: str) -> str:
        return self.random.choice((json.dumps(key), f"'{key}'")) if self._is_odd() else key

    def _scalar(self, value: Plain) -> str:
        if value is None:
            return self._pick("", "~", "null", "!!null ", "Null")
        if isinstance(value, str):
            plain = value if _PLAIN.fullmatch(value) else json.dumps(value)
            return self._pick(plain, json.dumps(value))
        return json.dumps(value)

    def _properties(self, value: Plain) -> str:
        """Return an anchor that no alias uses, a tag, both, or neither."""
        if not self._is_odd():
            return ""
        tags = {"dict": "!!map ", "list": "!!seq ", "str": "!!str "}
        tag = tags.get(type(value).__name__, "")
        anchor = f"&a{self.random.randrange(10**9)} "
        return self._pick(anchor, tag, anchor + tag, tag + anchor)

    def _between(self, indent: int) -> str:
        """Return lines that may stand between two entries."""
        if not self._is_odd():
            return ""
        margin = " " * max(0, indent + self.random.choice((-2, 0, 0, 2)))
        return self._pick("\n", f"{margin}# a: {{b: [\n", f"\n{margin}# - c\n\n")

    def _comment(self) -> str:
        return self._pick(" # c", "  # {d: [", "   # e") if self._is_odd() else ""

    def _pick(self, usual: str, *others: str) -> str:
        return self.random.choice(others) if others and self._is_odd() else usual

    def _is_odd(self) -> bool:
        return self.random.random() < self.oddity
