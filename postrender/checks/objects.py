"""Reads documents of packages as the values that Crossplane decodes, in bounded time and memory."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import yaml

from postrender.errors import DevcacheError
from postrender.manifests import nodes

if TYPE_CHECKING:
    from postrender.manifests.nodes import Plain
    from postrender.packages.budget import Allowance

_LARGEST = 4 << 20
"""The largest document in bytes that is read: Kubernetes cannot store a larger one."""

_DEEPEST = 200
"""The largest number of nested collections: later steps recurse."""

_RESOLVER = yaml.resolver.Resolver()

_LARGEST_INTEGER = 1 << 64


class UnsupportedError(Exception):
    """The document has a feature of YAML that `check` does not cover, or is too large."""


def read(text: bytes, nodes_left: Allowance, *, where: str) -> Plain:
    """Return the value of a document, without its null values.

    Crossplane decodes null as it decodes a missing field. Of duplicate keys, the last one counts.

    Args:
        text: The document.
        nodes_left: The number of nodes that may still be read.
        where: The document, for error messages.

    Raises:
        UnsupportedError: The document has an alias, a merge key or a tag, is too large, or nests
            too deep.
        DevcacheError: The document is not YAML, or has too many nodes.
    """
    if len(text) > _LARGEST:
        raise UnsupportedError
    try:
        value, count = _value(text.decode("utf-8"))
    except yaml.YAMLError as error:
        raise DevcacheError(nodes.syntax_problem(error), where=where) from None
    nodes_left.spend(count, where)
    return value


def _value(text: str) -> tuple[Plain, int]:
    """Return the value of a document, and the number of its nodes."""
    root: list[Plain] = []
    content = root  # of the innermost open collection: its items, or its keys and values in turn
    outer: list[tuple[list[Plain], bool]] = []
    is_mapping = False
    count = 0
    for event in nodes.events(text):
        if isinstance(event, yaml.ScalarEvent):
            count += 1
            content.append(_scalar(event, is_key=is_mapping and len(content) % 2 == 0))
        elif isinstance(event, yaml.CollectionEndEvent):
            value = _mapping(content) if is_mapping else _list(content)
            content, is_mapping = outer.pop()
            content.append(value)
        elif isinstance(event, yaml.CollectionStartEvent):
            count += 1
            if event.tag is not None or len(outer) >= _DEEPEST:
                raise UnsupportedError
            outer.append((content, is_mapping))
            content, is_mapping = [], isinstance(event, yaml.MappingStartEvent)
        elif isinstance(event, yaml.AliasEvent):
            raise UnsupportedError
    return (root[0] if root else None), count


def _list(content: list[Plain]) -> Plain:
    return [value for value in content if value is not None] if None in content else content


def _mapping(content: list[Plain]) -> Plain:
    pairs = zip(content[::2], content[1::2], strict=True)
    mapping = {key: value for key, value in pairs if isinstance(key, str)}
    if None not in content:
        return mapping
    return {key: value for key, value in mapping.items() if value is not None}


def _scalar(event: yaml.ScalarEvent, *, is_key: bool) -> Plain:
    """Return the value of a scalar, or the text of a key."""
    if event.tag is not None:
        raise UnsupportedError
    text: str = event.value
    is_plain = event.implicit[0]
    if is_key:
        if is_plain and text == "<<":
            raise UnsupportedError
        return text
    return _plain(text) if is_plain else text


@lru_cache(maxsize=4096)
def _plain(text: str) -> Plain:
    """Return the value of a scalar without quotes."""
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    value = nodes.scalar(yaml.ScalarNode(tag, text))
    if isinstance(value, int) and abs(value) >= _LARGEST_INTEGER:
        return text  # Crossplane reads a float, which fits into no field
    return value
