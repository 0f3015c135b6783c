"""What a YAML document is: its apiVersion and kind, by a fast scan or by parsing all of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import yaml

from postrender.manifests import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 500
"""Levels of nesting: libyaml takes quadratic time for deeper ones, and no schema has them."""

_GAP = rb"(?: *(?:#[^\n]*)?\r?\n)*"
_VALUE = rb"""(?:([a-zA-Z][\w./-]*)|"([\w./-]*)"|'([\w./-]*)') *(?: #[^\n]*)?\r?(?:\n|\Z)"""
_SCANNED = re.compile(
    _GAP
    + rb"(apiVersion|kind): +"
    + _VALUE
    + _GAP
    + rb"(apiVersion|kind): +"
    + _VALUE
    + _GAP
    # Anything indented here would go on with the value; a key or the end does not.
    + rb"(?=[a-zA-Z]|\Z)",
    re.ASCII,
)
_UNCLEAR = re.compile(rb"\n(?:(?:apiVersion|kind)[ :\t\r\n]|[^a-zA-Z \r\n#-])")
"""A line that may set one of the keys again: the key itself, or quotes, flow, tags, merges."""

_OTHER_BREAKS = ("\x85".encode(), "\u2028".encode(), "\u2029".encode())
"""What YAML 1.1 also takes for the end of a line."""


class Unidentified(yaml.YAMLError):
    """A document is no object of Kubernetes, though it may be valid YAML."""

    def __init__(self, problem: str, event: yaml.Event | None = None) -> None:
        """Say what the document does or lacks, and where in it, if that is known."""
        super().__init__(problem)
        self.problem = problem
        self.problem_mark = event.start_mark if event else None


class Identity(NamedTuple):
    """What kind of object a document holds; "" where it does not say so."""

    api_version: str
    kind: str


def scanned(text: bytes) -> Identity | None:
    """Return the identity that the first two keys of a document give, or None if that is not sure.

    A program writes apiVersion and kind first, in plain block style. For such a document this is
    what parsing would give, in a hundredth of the time; syntax errors further on stay unseen.
    """
    head = _SCANNED.match(text)
    # The last line of the head ends it, unless the document does: then there is nothing to search.
    if head is None or _UNCLEAR.search(text, head.end() - 1) or _has_other_breaks(text):
        return None
    groups = [group.decode("ascii") for group in head.groups(default=b"")]
    found = {groups[0]: groups[1:4], groups[4]: groups[5:8]}
    if len(found) == 1:
        return None
    return Identity("".join(found["apiVersion"]), "".join(found["kind"]))


def _has_other_breaks(text: bytes) -> bool:
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        return True
    return not text.isascii() and any(one in text for one in _OTHER_BREAKS)


def parsed(text: bytes) -> Identity:
    """Return the identity of one document after parsing all of it, in memory that is bounded.

    As in Crossplane, the last of equal keys counts. Aliases are followed neither here nor anywhere
    in this program, so that an identity given by one, or by a merge key, is "".

    Raises:
        yaml.YAMLError: It is not one mapping in valid YAML, or nests deeper than 500 levels.
        UnicodeDecodeError: It is not UTF-8.
    """
    found: dict[str, str] = {}
    key: str | None = None
    for event in _top_level(text):
        value = event.value if isinstance(event, yaml.ScalarEvent) else ""
        if key is None:
            key = value
            continue
        found[key] = value
        key = None
    return Identity(found.get("apiVersion", ""), found.get("kind", ""))


def _top_level(text: bytes) -> Iterator[yaml.Event]:
    """Yield the keys and values of the root mapping, in turn, by the event that begins each."""
    documents = 0
    nesting: list[int] = []  # of each open mapping the nodes so far; -1 for a list
    anchors: set[str | None] = set()
    for event in nodes.events(text.decode("utf-8")):
        if isinstance(event, yaml.CollectionEndEvent):
            nesting.pop()
        elif isinstance(event, yaml.NodeEvent):
            if isinstance(event, yaml.AliasEvent) and event.anchor not in anchors:
                problem = "has an alias without an anchor"
                raise Unidentified(problem, event)
            anchors.add(event.anchor)
            if len(nesting) == 1:
                yield event
            _nest(event, nesting)
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                problem = "goes on behind its end"
                raise Unidentified(problem, event)


def _nest(event: yaml.NodeEvent, nesting: list[int]) -> None:
    """Count a node in `nesting`, or refuse it where Kubernetes has none."""
    if not nesting and not isinstance(event, yaml.MappingStartEvent):
        problem = "is not a mapping"
        raise Unidentified(problem, event)
    if nesting:
        if nesting[-1] % 2 == 0 and isinstance(event, yaml.CollectionStartEvent):
            problem = "has a list or a mapping for a key, as `{{ }}` of a template would be"
            raise Unidentified(problem, event)
        nesting[-1] += nesting[-1] >= 0
    if isinstance(event, yaml.CollectionStartEvent):
        nesting.append(0 if isinstance(event, yaml.MappingStartEvent) else -1)
    if len(nesting) > _DEEPEST:
        problem = f"nests deeper than {_DEEPEST} levels"
        raise Unidentified(problem, event)
