"""Composes YAML text into nodes with positions, within limits, and looks up their keys."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import yaml

from postrender.errors import DevcacheError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader of libyaml if PyYAML has it: about ten times faster, with the same nodes and marks."""

BYTE_ORDER_MARK = "\ufeff"
"""libyaml does not count it: its marks are one less."""

_QUOTATION = r"""\s(?=['"])(?!['"][^\w\s]{1,3}['"])"""
"""The place where a parser's message quotes content; `expected ',' or ']'` is not content."""

UTF_8_HINT = "save the file as UTF-8"

_DEEPEST = 200
"""The limit of nesting. PyYAML recurses in C, and crashes at about ten thousand levels."""

_MOST_NODES = 1_000_000
"""The limit of nodes in a document that is composed: each takes about 250 bytes."""

_TAG_DIRECTIVE = re.compile(r"(?:\A\ufeff?|[\r\n\x85\u2028\u2029])%TAG")
_MOST_TAG_DIRECTIVES = 100
"""The limit of `%TAG` lines. libyaml compares all pairs of them: a megabyte takes a minute."""


def decode(content: bytes, *, where: str, first_line: int = 1) -> str:
    """Return UTF-8 content as text.

    Args:
        content: The bytes.
        where: The file or stream, for error messages.
        first_line: The number of the first line, for error messages.

    Raises:
        DevcacheError: The content is not UTF-8; the message names the line.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + first_line
        problem = "is not UTF-8"
        raise DevcacheError(problem, where=f"{where}, line {line}", hint=UTF_8_HINT) from None


def compose(text: str, *, where: str = "", first_line: int = 1) -> yaml.Node | None:
    """Return the root node of the one YAML document in `text`, or None if it is empty.

    Args:
        text: One document, with or without its `---` line.
        where: The document, for error messages.
        first_line: The number of its first line, for error messages.

    Raises:
        DevcacheError: The text is not one YAML document, nests deeper than 200 levels, or has more
            than a million nodes.
    """
    try:
        if LOADER is yaml.SafeLoader:
            deque(events(text), maxlen=0)  # refuses the characters that libyaml refuses
        _limit_directives(text)
        return yaml.compose(text, Loader=_limited_loader(LOADER))
    except DevcacheError as error:
        raise DevcacheError(error.problem, where=where) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + first_line}, column {mark.column + 1}" if mark else ""
        where = ", ".join(filter(None, (where, place)))
        hint = syntax_hint(text, mark.line) if mark else ""
        raise DevcacheError(syntax_problem(error), where=where, hint=hint) from None
    except yaml.YAMLError as error:
        raise DevcacheError(syntax_problem(error), where=where) from None


def events(text: str) -> Iterator[yaml.Event]:
    """Yield the parser's events of a YAML text, in linear time.

    Raises:
        yaml.YAMLError: The text is not YAML, or has more than 100 `%TAG` directives.
    """
    _limit_directives(text)
    try:
        stream = yaml.parse(text, Loader=LOADER)
        yield from _without_surrogates(stream) if LOADER is yaml.SafeLoader else stream
    except (ValueError, OverflowError) as error:  # PyYAML's own parser, where libyaml is missing
        raise yaml.YAMLError from error


def _without_surrogates(stream: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    """Yield the events, and refuse lone surrogates as libyaml does."""
    for event in stream:
        if isinstance(event, yaml.ScalarEvent):
            event.value.encode()
        yield event


def _limit_directives(text: str) -> None:
    directives = _TAG_DIRECTIVE.finditer(text)
    if next(islice(directives, _MOST_TAG_DIRECTIVES, None), None):
        problem = f"more than {_MOST_TAG_DIRECTIVES} %TAG directives"
        raise yaml.MarkedYAMLError(problem=problem)


class _Limits:
    """Counts the nodes while a loader composes them: another pass over the events takes as long."""

    _depth = _count = 0

    def descend_resolver(self, _parent: yaml.Node | None, _index: object) -> None:
        """Refuse a node that exceeds a limit; a loader calls this before each node."""
        self._depth += 1
        self._count += 1
        if self._depth > _DEEPEST:
            problem = f"nests deeper than {_DEEPEST} levels"
            raise DevcacheError(problem)
        if self._count > _MOST_NODES:
            problem = f"has more than {_MOST_NODES} nodes"
            raise DevcacheError(problem)

    def ascend_resolver(self) -> None:
        """Leave a node; a loader calls this after each node."""
        self._depth -= 1


@cache
def _limited_loader(loader: type) -> type:
    """Return a loader that composes within the limits."""
    return type("LimitedLoader", (_Limits, loader), {})


def syntax_problem(error: Exception) -> str:
    """Return the problem that a YAML parser reports, in its own words and without any content."""
    message = error.problem if isinstance(error, yaml.MarkedYAMLError) else None
    if message == "but found another document":
        return "holds more than one document"
    reason = re.split(_QUOTATION, message or "a character that YAML does not allow")[0]
    return f"is not valid YAML: {reason}"


def syntax_hint(text: str, line: int) -> str:
    """Return a hint if a line, counted from 0, is indented by a tab; else ""."""
    lines = text.split("\n", line + 1)
    is_tab = line < len(lines) and lines[line].lstrip(" ").startswith("\t")
    return "indent the line with blanks: YAML allows no tabs there" if is_tab else ""


def pairs(node: yaml.Node | None) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield the key and value nodes of a mapping; nothing for any other node."""
    if isinstance(node, yaml.MappingNode):
        yield from node.value


def items(node: yaml.Node | None) -> list[yaml.Node]:
    """Return the items of a sequence; none for any other node, as Kubernetes reads null."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def get(node: yaml.Node | None, *path: str) -> yaml.Node | None:
    """Return the value at a path of keys, or None if a key is missing.

    Of duplicate keys the last one counts, as in Helm (sigs.k8s.io/yaml).
    """
    for name in path:
        values = [value for key, value in pairs(node) if text(key) == name]
        node = values[-1] if values else None
    return node


def is_null(node: yaml.Node | None) -> bool:
    """Return whether a node exists, but is null, e.g. the value of `annotations:`."""
    return node is not None and node.tag == "tag:yaml.org,2002:null"


def text(node: yaml.Node | None) -> str:
    """Return the text of a scalar; "" for any other node and for null."""
    if not isinstance(node, yaml.ScalarNode) or is_null(node):
        return ""
    value: str = node.value
    return value


def words(node: yaml.Node | None) -> list[str]:
    """Return the texts of a sequence of scalars, e.g. the args of a container."""
    return [text(item) for item in items(node)]


def named(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """Return the item of a sequence with this `name`, e.g. a volume, or None."""
    return next((item for item in items(node) if text(get(item, "name")) == name), None)


Plain = None | bool | int | float | str | Sequence["Plain"] | Mapping[str, "Plain"]
"""The value of a YAML document, in the types of JSON."""


_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
"""A number, as Helm's parser reads it (go-yaml v2, resolve.go); PyYAML reads `1e3` as text."""

_LETTERS = ("y", "Y", "n", "N")
"""The booleans that PyYAML reads as text (go-yaml v2, resolve.go)."""

_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"

_LONGEST_INTEGER = 1000
"""The digits of the longest integer. Python neither reads nor prints one with 5,000 digits."""


def plain(document: str, *, where: str) -> Plain:
    """Return the one YAML document in `document` as plain values.

    Dates, sexagesimal numbers (`1:30`), `=`, numbers without digits and numbers beyond the range
    of a double stay text, as in Helm.

    Raises:
        DevcacheError: The document is not YAML, or has aliases, merge keys, keys that are not
            scalars, or duplicate keys.
    """
    root = compose(document, where=where)
    return plain_value(root, where=where) if root else None


def plain_value(node: yaml.Node, *, where: str) -> Plain:
    """Return a node as plain values; see `plain`."""
    return _plain(node, set(), where)


def plain_mapping(node: yaml.MappingNode, *, where: str) -> dict[str, Plain]:
    """Return a mapping as plain values; see `plain`."""
    return _plain_mapping(node, {id(node)}, where)


def _plain(node: yaml.Node, seen: set[int], where: str) -> Plain:
    if isinstance(node, yaml.ScalarNode):
        return scalar(node)
    if id(node) in seen:  # also stops nested aliases from growing exponentially
        problem = "uses a YAML alias"
        raise DevcacheError(problem, where=where, hint="replace the alias with its value")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, seen, where) for item in items(node)]
    return _plain_mapping(node, seen, where)


def _plain_mapping(node: yaml.Node, seen: set[int], where: str) -> dict[str, Plain]:
    _require_unique_keys(node, where)
    mapping: dict[str, Plain] = {}
    for key, value in pairs(node):
        if not isinstance(key, yaml.ScalarNode):
            problem = f"has a key that is not a string on line {key.start_mark.line + 1}"
            raise DevcacheError(problem, where=where)
        if key.tag == _MERGE:
            problem = f"has a YAML merge key on line {key.start_mark.line + 1}"
            raise DevcacheError(problem, where=where, hint="write out the merged fields")
        mapping[key.value] = _plain(value, seen, where)
    return mapping


def require_unique_keys(root: yaml.Node | None, *, where: str) -> None:
    """Refuse a document with a mapping that has a key twice.

    Args:
        root: The root node of the document.
        where: The document, for error messages.

    Raises:
        DevcacheError: It has such a mapping. Helm would silently take the last value.
    """
    seen: set[int] = set()
    pending = [root] if root else []
    while pending:
        node = pending.pop()
        if id(node) not in seen:  # aliases make the document a graph
            seen.add(id(node))
            _require_unique_keys(node, where)
            pending += [*items(node), *(value for _, value in pairs(node))]


def _require_unique_keys(mapping: yaml.Node, where: str) -> None:
    keys: set[str] = set()
    for key, _ in pairs(mapping):
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in keys:
            problem = f"repeats the key {quoted(key.value)} on line {key.start_mark.line + 1}"
            hint = "keep one of them: Helm would silently take the last one"
            raise DevcacheError(problem, where=where, hint=hint)
        keys.add(key.value)


def scalar(node: yaml.ScalarNode) -> Plain:
    """Return the value of a scalar, as Helm reads it; see `plain`."""
    value: str = node.value
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "null":
        return None
    if kind == "bool" or (value in _LETTERS and kind == "str" and not node.style):
        return value.lower() in {"true", "yes", "on", "y"}
    if kind == "int" and ":" not in value:
        return _integer(value)
    if kind in {"str", "float"} and not node.style and _FLOAT.fullmatch(value):
        if node.tag == _STR and LOADER("").resolve(type(node), value, (True, False)) != _STR:
            return value  # `!!str 1.20`
        number = float(value)
        return number if math.isfinite(number) else value
    return value


def _integer(value: str) -> int | str:
    digits = value.replace("_", "")
    if len(digits) > _LONGEST_INTEGER:
        return value
    octal = re.fullmatch("[-+]?0[0-7]+", digits) is not None
    try:
        return int(digits, 8 if octal else 0)
    except ValueError:  # `0x_` or `!!int word`
        return value
