"""Writes plain values as YAML that Helm, Kubernetes and PyYAML read in the same way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from postrender.manifests.nodes import Plain

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9/._+=-]*(?::[A-Za-z0-9/._+=@-]+)*|[1-9][0-9]*(?:[KMG]i|m)")
"""Words, paths, references, base64 and quantities: every YAML parser reads them as strings."""

_ONE_LINE_BREAK = re.compile(r"[^\n]\n\Z")
"""The end of a text that a literal block keeps without an indicator for its line breaks."""

_UNPRINTABLE = r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]"
"""Characters that JSON allows in a string, but that YAML forbids or reads as line breaks."""

_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
"""Words of YAML 1.1 that Helm reads as booleans and null; PyYAML does so with some of them."""


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # chosen at run time
    """Quotes each string that a YAML parser could read as another type."""

    def ignore_aliases(self, _data: object) -> bool:
        """Repeat equal values instead of writing aliases, which Helm 4 damages."""
        return True


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if _ONE_LINE_BREAK.search(text) and text.isascii() else '"'
    tag = "tag:yaml.org,2002:str"
    return dumper.represent_scalar(tag, text, style=None if _is_plain(text) else style)


_Dumper.add_representer(str, _string)


def block(value: Plain, *, indent: int = 0) -> str:
    """Return a value in block style, with a final line break and the keys in their order.

    Args:
        value: The value. Equal values are repeated, never written as an alias.
        indent: The indent of each line, in columns.
    """
    text = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        width=1 << 30,
        allow_unicode=True,
    )
    margin = " " * indent
    lines = str(text).splitlines(keepends=True)
    return "".join(margin + line if line.strip() else line for line in lines)


def scalar(text: str) -> str:
    """Return a string as the value of a key in block style."""
    return text if _is_plain(text) else flow(text)


def flow(value: Plain) -> str:
    """Return a value on one line, as JSON that is also valid YAML."""
    import json  # noqa: PLC0415  # the filter rarely needs it

    text = json.dumps(value, ensure_ascii=False)
    return re.sub(_UNPRINTABLE, lambda match: f"\\u{ord(match[0]):04x}", text)


def document(value: dict[str, Plain], *, comment: str = "") -> str:
    """Return an object as a document of a stream.

    Args:
        value: The object.
        comment: A comment line for the top of the document, or "".
    """
    head = f"---\n{comment}\n" if comment else "---\n"
    return head + block(value)
