"""Plain values as YAML that Helm, Kubernetes and PyYAML read alike."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from postrender.manifests.nodes import Plain

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9/._+=-]*(?::[A-Za-z0-9/._+=@-]+)*|[1-9][0-9]*(?:[KMG]i|m)")
"""Words, paths, references, base64 and quantities: what no YAML parser takes for anything else."""

_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON admits in a string, and YAML does not, or takes for a line break."""

_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
"""YAML 1.1's words, which Helm's parser takes for booleans and null, PyYAML only some of them."""


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # chosen at run time
    """Quotes each string that some YAML parser could take for something else."""

    def ignore_aliases(self, _data: object) -> bool:
        """Write values that occur twice twice: aliases do not survive Helm 4 whole."""
        return True


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if text.endswith("\n") and text.isascii() else '"'
    shown = None if _is_plain(text) else style
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=shown)


_Dumper.add_representer(str, _string)


def block(value: Plain, *, indent: int = 0) -> str:
    """Return a value in block style, ending with a line break, keys in their order.

    Args:
        value: The value. Values that occur twice are written twice, never as an alias.
        indent: The columns to indent each line by.
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
    """Return a string as it stands behind a key in block style."""
    return text if _is_plain(text) else flow(text)


def flow(value: Plain) -> str:
    """Return a value on one line, as JSON that is YAML, too."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def document(value: dict[str, Plain], *, comment: str = "") -> str:
    """Return an object as a document of a stream.

    Args:
        value: The object.
        comment: A comment line to put above it, or "".
    """
    head = f"---\n{comment}\n" if comment else "---\n"
    return head + block(value)
