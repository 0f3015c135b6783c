"""Finds the apiVersion, kind and name of a YAML document, by a fast scan or by parsing it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import yaml

from postrender.manifests import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.packages.budget import Budget

_DEEPEST = 500
"""The limit of nesting: libyaml takes quadratic time, and no schema is that deep."""

_ROOT, _DEEPEST_HEAD = 1, 2
"""The depth of the keys of the root mapping, and of the keys of its metadata."""

_LONGEST_NAME = 253
"""The longest name in characters that Kubernetes admits."""

# The patterns read hostile text in linear time and constant memory: no two parts that follow each
# other match the same character, and a part that is repeated never returns what it took (`*+`).
_GAP = rb"(?: *+(?:#[^\r\n]*+)?\r?\n)*+"
_WORD = rb"[\w./-]{0,500}"
_VALUE = (
    rb"(?:([a-zA-Z]" + _WORD + rb""")|"(""" + _WORD + rb""")"|'(""" + _WORD + rb""")')"""
    rb"(?: ++#[^\r\n]*+| *+)\r?(?:\n|\Z)"
)
_NAME = rb"""(?:([\w.-]{1,253})|"([\w.-]{1,253})"|'([\w.-]{1,253})')"""
_SCANNED = (
    _GAP
    + rb"(apiVersion|kind): +"
    + _VALUE
    + _GAP
    + rb"(apiVersion|kind): +"
    + _VALUE
    + _GAP
    # An indented line would continue the value; a key or the end does not.
    + rb"(?=[a-zA-Z]|\Z)"
)
_UNCLEAR = re.compile(rb"\n(?:(?:apiVersion|kind)[ :\t\r\n]|[^a-zA-Z \r\n#-])")
"""A line that may repeat one of the keys: the key itself, or quotes, flow, tags, merges."""

_METADATA = re.compile(rb"\nmetadata:(?: *+(?:#[^\r\n]*+)?\r?(?=\n( {1,8})[a-zA-Z]))?")
"""The key of the metadata, and the indentation of the lines below it."""

_END = re.compile(rb"\n(?=[^ #\r\n])")
"""The end of a block: a line break before a line that is not indented."""

_LARGEST_METADATA = 1 << 19
"""The largest metadata in bytes that is scanned: Kubernetes admits 256 KiB of annotations."""

_UNICODE_BREAKS = ("\x85".encode(), "\u2028".encode(), "\u2029".encode())
"""Further line breaks of YAML 1.1."""


class Unidentified(yaml.YAMLError):
    """A document is not a Kubernetes object, although it may be valid YAML."""

    def __init__(self, problem: str, event: yaml.Event | None = None) -> None:
        """Store the problem, and the event at which it occurs, if any."""
        super().__init__(problem)
        self.problem = problem
        self.problem_mark = event.start_mark if event else None


class Identity(NamedTuple):
    """The apiVersion and kind of a document, and its `metadata.name`; "" for a missing one."""

    api_version: str
    kind: str

    name: str = ""
    """A scan also returns "" for a name that it does not find at the usual place."""


def scan(text: bytes) -> Identity | None:
    """Return the identity from the first two keys of a document, or None if it may be wrong.

    Programs write apiVersion and kind first, in plain block style. For such a document the result
    is that of `parse`, in a hundredth of the time, except that its name may be missing. Syntax
    errors after these keys are not detected.
    """
    head = re.match(_SCANNED, text, re.ASCII)
    # The search starts at the line break after the head, if there is one.
    if head is None or _UNCLEAR.search(text, head.end() - 1) or _has_unusual_breaks(text):
        return None
    groups = [group.decode("ascii") for group in head.groups(default=b"")]
    values = {groups[0]: groups[1:4], groups[4]: groups[5:8]}
    if len(values) == 1:
        return None
    return Identity("".join(values["apiVersion"]), "".join(values["kind"]), _scan_name(text))


def _scan_name(text: bytes) -> str:
    """Return the name in the only `metadata` of a document in plain block style, or ""."""
    places = _METADATA.finditer(text)
    metadata = next(places, None)
    if metadata is None or not metadata[1] or next(places, None) is not None:
        return ""
    start = metadata.end()
    end = _END.search(text, start, start + _LARGEST_METADATA)
    if end is None and len(text) > start + _LARGEST_METADATA:
        return ""
    block = text[start : end.start() if end else len(text)]
    line = rb"\n" + metadata[1]
    names = re.findall(
        line + rb"name: ++" + _NAME + rb"(?: ++#[^\r\n]*+| *+)\r?(?=" + line + rb"\S|\n *+#|\s*\Z)",
        block,
    )
    # With a second key, or a line that may be one, only the parser can find the right name.
    doubts = re.findall(line + rb"(?:name[ \t]*:|[^a-zA-Z\s#-])", block)
    return b"".join(names[0]).decode("ascii") if len(names) == len(doubts) == 1 else ""


def _has_unusual_breaks(text: bytes) -> bool:
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        return True
    return not text.isascii() and any(line_break in text for line_break in _UNICODE_BREAKS)


def parse(text: bytes, budget: Budget, *, where: str) -> Identity:
    """Return the identity of one document after parsing all of it, in bounded memory.

    As in Crossplane, the last of duplicate keys counts. This program never follows an alias or a
    merge key: such a value is "".

    Args:
        text: The document.
        budget: The budget of the package.
        where: The stream of the document, for error messages.

    Raises:
        DevcacheError: The document has too many nodes.
        yaml.YAMLError: The document is not a mapping in valid YAML, or nests deeper than 500
            levels.
        UnicodeDecodeError: The document is not UTF-8.
    """
    values: dict[str, str] = {}
    name, parent = "", ""
    keys: dict[int, str] = {}  # the key at a depth whose value is next
    for event, depth in _head(text, budget, where):
        value = event.value if isinstance(event, yaml.ScalarEvent) else ""
        if depth not in keys:
            keys[depth] = value
            continue
        key = keys.pop(depth)
        if depth == _ROOT:
            values[key] = value
            name, parent = "" if key == "metadata" else name, key
        elif (parent, key) == ("metadata", "name"):
            name = value if len(value) <= _LONGEST_NAME else ""
    return Identity(values.get("apiVersion", ""), values.get("kind", ""), name)


def _head(text: bytes, budget: Budget, where: str) -> Iterator[tuple[yaml.Event, int]]:
    """Yield the keys and values of the root mapping and of the mappings in it.

    Each is yielded as its first event, with its depth.
    """
    documents = 0
    nesting: list[int] = []  # the number of nodes so far in each open mapping; -1 for a list
    anchors: set[str | None] = set()
    for event in nodes.events(text.decode("utf-8")):
        if isinstance(event, yaml.CollectionEndEvent):
            nesting.pop()
        elif isinstance(event, yaml.NodeEvent):
            budget.nodes.spend(1, where)
            if isinstance(event, yaml.AliasEvent) and event.anchor not in anchors:
                problem = "has an alias without an anchor"
                raise Unidentified(problem, event)
            anchors.add(event.anchor)
            if nesting and len(nesting) <= _DEEPEST_HEAD and nesting[-1] >= 0:
                yield event, len(nesting)
            _nest(event, nesting)
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                problem = "continues after its end"
                raise Unidentified(problem, event)


def _nest(event: yaml.NodeEvent, nesting: list[int]) -> None:
    """Count a node in `nesting`, or refuse it if no Kubernetes object has such a node."""
    if not nesting and not isinstance(event, yaml.MappingStartEvent):
        problem = "is not a mapping"
        raise Unidentified(problem, event)
    if nesting:
        if nesting[-1] % 2 == 0 and isinstance(event, yaml.CollectionStartEvent):
            problem = "has a list or a mapping as a key, e.g. `{{ }}` of a template"
            raise Unidentified(problem, event)
        nesting[-1] += nesting[-1] >= 0
    if isinstance(event, yaml.CollectionStartEvent):
        nesting.append(0 if isinstance(event, yaml.MappingStartEvent) else -1)
    if len(nesting) > _DEEPEST:
        problem = f"nests deeper than {_DEEPEST} levels"
        raise Unidentified(problem, event)
