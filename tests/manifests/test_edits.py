"""Edits of a document's text: everything else stays unchanged to the byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from postrender.errors import DevcacheError
from postrender.manifests import edits, nodes
from postrender.manifests.changes import Change, Item, Removal

if TYPE_CHECKING:
    from postrender.manifests.changes import Step


def put(text: str, path: tuple[Step, ...], value: nodes.Plain) -> str:
    return changed(text, [Change(path, value)])


def changed(text: str, requested: list[Change | Removal]) -> str:
    """Return a text after changes. It starts on line 40 of the stream."""
    return edits.changed(text, nodes.compose(text), requested, where="Deployment x", first_line=40)


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        pytest.param("a: 1\n", ("b",), "x", "a: 1\nb: x\n", id="joins-a-block-mapping"),
        pytest.param("a: 1", ("b",), "x", "a: 1\nb: x\n", id="without-a-final-newline"),
        pytest.param(
            "m:\n  a: 1  # why\n\nz: 2\n",
            ("m", "b"),
            "x",
            "m:\n  a: 1  # why\n  b: x\n\nz: 2\n",
            id="behind-a-comment-before-a-blank-line",
        ),
        pytest.param(
            "m:\n    a:\n      - 1\nz: 2\n",
            ("m", "b", "c"),
            "x",
            "m:\n    a:\n      - 1\n    b:\n      c: x\nz: 2\n",
            id="in-the-columns-of-its-mapping",
        ),
        pytest.param(
            "m:\n- name: a\n- name: b\nz: 2\n",
            ("m", Item("c")),
            {"name": "c", "x": 1},
            "m:\n- name: a\n- name: b\n- name: c\n  x: 1\nz: 2\n",
            id="joins-a-sequence-that-is-not-indented",
        ),
        pytest.param(
            "m:\n  - name: a\n    s: |\n      text\n\n\nz: 2\n",
            ("m", Item("b")),
            {"name": "b"},
            "m:\n  - name: a\n    s: |\n      text\n\n\n  - name: b\nz: 2\n",
            id="behind-a-block-scalar",
        ),
        pytest.param(
            "m:\n- name: a\n  x: 1\n- name: b\n",
            ("m", Item("a")),
            {"name": "a", "v": 2},
            "m:\n- name: a\n  v: 2\n- name: b\n",
            id="replaces-the-item-of-that-name",
        ),
        pytest.param(
            "m: {}\n", ("m", "b"), "x", 'm: {"b": "x"}\n', id="joins-an-empty-flow-mapping"
        ),
        pytest.param(
            "m: {a: 1, }\n", ("m", "b"), "x", 'm: {a: 1, "b": "x", }\n', id="joins-a-flow-mapping"
        ),
        pytest.param(
            "m: []\n", ("m", Item("a")), {"name": "a"}, 'm: [{"name": "a"}]\n', id="an-empty-list"
        ),
        pytest.param("m:\nz: 2\n", ("m", "b"), "x", 'm: {"b": "x"}\nz: 2\n', id="null-is-empty"),
        pytest.param("m:\nz: 2\n", ("m",), "x", "m: x\nz: 2\n", id="null-is-replaced"),
        pytest.param("m: ~ # c\n", ("m",), "x", "m: x # c\n", id="a-written-null-is-replaced"),
        pytest.param("m: 'a'  # c\n", ("m",), "20Mi", "m: 20Mi  # c\n", id="replaces-a-scalar"),
        pytest.param(
            "a: 1\nm:\n  b: 1\n  c: 2\nz: 3\n",
            ("m",),
            {"d": 4},
            "a: 1\nm:\n  d: 4\nz: 3\n",
            id="replaces-a-block-mapping",
        ),
        pytest.param(
            "m: {b: 1}\nz: 3\n",
            ("m",),
            {"d": 4},
            'm: {"d": 4}\nz: 3\n',
            id="replaces-a-flow-mapping",
        ),
        pytest.param(
            '{"m": {"a": 1}}\n', ("m", "b"), "x", '{"m": {"a": 1, "b": "x"}}\n', id="joins-json"
        ),
        pytest.param(
            "x: '*'\nm: &a {b: 1}\n",
            ("m", "c"),
            "x",
            'x: \'*\'\nm: &a {b: 1, "c": "x"}\n',
            id="joins-a-mapping-with-an-unused-anchor",
        ),
        pytest.param("a: 1\na: 2\n", ("a",), 3, "a: 1\na: 3\n", id="the-last-of-equal-keys-counts"),
        pytest.param(
            "m:\r\n  a: 1\r\nz: 2\r\n",
            ("m", "b"),
            "x",
            "m:\r\n  a: 1\r\n  b: x\r\nz: 2\r\n",
            id="in-a-document-with-crlf",
        ),
    ],
)
def test_put_sets_the_value_at_a_path(
    text: str, path: tuple[str, ...], value: nodes.Plain, expected: str
) -> None:
    assert put(text, path, value) == expected
    assert put(expected, path, value) == expected, "the second edit replaces the value"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param("x: &a {b: 1}\nm: *a\n", ("m", "c"), id="an-alias"),
        pytest.param("x: !!map &a {b: 1}\nm: *a\n", ("m", "c"), id="an-alias-of-a-tagged-node"),
        pytest.param("x: &a 1\nm:\n  b: *a\n", ("m", "c"), id="behind-an-alias"),
        pytest.param("x: &a 1\nm: {b: *a}\n", ("m", "c"), id="behind-an-alias-in-flow-style"),
        pytest.param("m:\n  b: &a\n  - *a\n", ("m", "c"), id="behind-an-alias-of-itself"),
        pytest.param("x: &a {b: 1}\nm:\n  <<: *a\n  c: 1\n", ("m", "d"), id="a-merge-key"),
        pytest.param("m:\n  <<: {b: 1}\n  c: 1\n", ("m", "d"), id="a-merge-key-without-alias"),
        pytest.param("m: text\n", ("m", "c"), id="a-scalar-where-a-mapping-belongs"),
        pytest.param("m: {a: 1}\n", ("m", Item("c")), id="a-mapping-where-a-list-belongs"),
        pytest.param("m: [1]\n", ("m", "c"), id="a-list-where-a-mapping-belongs"),
        pytest.param("m:\n- 1\n", ("m",), id="a-block-list-where-a-mapping-belongs"),
    ],
)
def test_edits_that_would_break_the_document_are_refused(text: str, path: tuple[str, ...]) -> None:
    with pytest.raises(DevcacheError) as refused:
        put(text, path, {"name": "c"})
    assert "line" in str(refused.value)


VOLUME = Change(("v", Item("new")), {"name": "new"})
LIMIT = Change(("v", Item("a"), "emptyDir", "sizeLimit"), "64Mi")
ANNOTATION = Change(("m", "new"), "x")
SIZE = Change(("s",), "64Mi")

SHAPES = {
    "anchored-list": ("v: &v\n- name: a\n", VOLUME, "v: &v\n- name: a\n- name: new\n"),
    "anchored-empty-mapping": ("m: &m {}\n", ANNOTATION, 'm: &m {"new": "x"}\n'),
    "anchored-null": ("m: &m\nz: 1\n", ANNOTATION, 'm: {"new": "x"}\nz: 1\n'),
    "anchored-mapping-with-null": ("m: &m\n  a:\n", ANNOTATION, "m: &m\n  a:\n  new: x\n"),
    "anchored-mapping-with-literal": (
        "m: &m\n  a: |\n    b\n",
        ANNOTATION,
        "m: &m\n  a: |\n    b\n  new: x\n",
    ),
    "anchored-item": (
        "v:\n- &a\n  name: new\n- name: b\n",
        VOLUME,
        "v:\n- &a\n  name: new\n- name: b\n",
    ),
    "tagged-mapping": ("m: !!map\n  a: 1\n", ANNOTATION, "m: !!map\n  a: 1\n  new: x\n"),
    "tagged-scalar": ("s: !!int 1 # c\n", SIZE, "s: 64Mi # c\n"),
    "byte-order-mark": ("\ufeffv:\n- name: a\n", VOLUME, "\ufeffv:\n- name: a\n- name: new\n"),
    "carriage-returns": ("m:\r  a: 1\rz: 1\r", ANNOTATION, "m:\r  a: 1\r  new: x\rz: 1\r"),
    "next-lines": ("m:\x85  a: 1\x85z: 1\x85", ANNOTATION, "m:\x85  a: 1\x85  new: x\x85z: 1\x85"),
    "line-separators": (
        "m:\u2028  a: 1\u2028z: 1\u2028",
        ANNOTATION,
        "m:\u2028  a: 1\u2028  new: x\u2028z: 1\u2028",
    ),
    "block-scalar": ("s: |-\n  1Gi\n\nz: 1\n", SIZE, "s: 64Mi\n\nz: 1\n"),
    "explicit-key": ("? m\n: a: 1\nz: 1\n", ANNOTATION, "? m\n: a: 1\n  new: x\nz: 1\n"),
    "key-without-value": ("? m # c\nz: 1\n", ANNOTATION, '? m\n: {"new": "x"} # c\nz: 1\n'),
    "key-without-value-in-braces": ("{m, z: 1}\n", ANNOTATION, '{m: {"new": "x"}, z: 1}\n'),
    "last-key-without-value": ("m:\n  ? a\nz: 1\n", ANNOTATION, "m:\n  ? a\n  new: x\nz: 1\n"),
    "comment-in-brackets": ("v: [ # c\n]\n", VOLUME, 'v: [ # c\n{"name": "new"}]\n'),
    "end-of-document": ("m:\n  a: 1\n...\n", ANNOTATION, "m:\n  a: 1\n  new: x\n...\n"),
}


@pytest.mark.parametrize(("text", "change", "expected"), SHAPES.values(), ids=SHAPES)
def test_a_change_fits_the_shape_of_its_collection(
    text: str, change: Change, expected: str
) -> None:
    after = changed(text, [change])
    assert after == expected
    assert changed(after, [change]) == after, "a second pass"


TOGETHER = {
    "inner-entry-first": (
        "v:\n- name: a\n  emptyDir:\n    medium: x\n",
        [VOLUME, LIMIT],
        "v:\n- name: a\n  emptyDir:\n    medium: x\n    sizeLimit: 64Mi\n- name: new\n",
    ),
    "item-of-a-list-under-its-key-first": (
        "v:\n- name: a\n",
        [Change(("i",), [{"name": "b"}]), VOLUME],
        "v:\n- name: a\n- name: new\ni:\n- name: b\n",
    ),
    "entries-of-one-list-in-their-order": (
        "v:\n- name: a\n",
        [VOLUME, Change(("v", Item("b")), {"name": "b"})],
        "v:\n- name: a\n- name: new\n- name: b\n",
    ),
    "item-before-a-removed-item": (
        "v:\n- name: new\n  x: 1\n- name: b # c\nz: 1\n",
        [VOLUME, Removal(("v",), "b")],
        "v:\n- name: new # c\nz: 1\n",
    ),
}


@pytest.mark.parametrize(("text", "requested", "expected"), TOGETHER.values(), ids=TOGETHER)
def test_changes_at_one_place(text: str, requested: list[Change | Removal], expected: str) -> None:
    assert changed(text, requested) == expected


def test_a_refusal_names_the_line_of_the_stream() -> None:
    with pytest.raises(DevcacheError) as refused:
        changed("a: &a 1\nb: *a\n", [ANNOTATION])
    assert "Deployment x, line 41 uses a YAML alias" in str(refused.value).replace(":", "")


def test_a_text_that_says_something_else_is_no_proof() -> None:
    root = nodes.compose("m: {a: 1}\n")
    assert edits.is_proven(root, [ANNOTATION], "m: {a: 1, new: x}\n")
    for text in ("m: {a: 1}\n", "m: {a: '1', new: x}\n", "m: {a: 1, new: x}\nz: 1\n", "m: {\n"):
        assert not edits.is_proven(root, [ANNOTATION], text)


KEYS = st.sampled_from(["a", "b", "c", "name"])

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(KEYS, PLAIN, min_size=1),
    KEYS,
    KEYS,
    PLAIN,
    st.sampled_from(["block", "flow", "mixed"]),
)
@example({"a": {"a": [None]}}, "a", "a", [], "block")
def test_an_edit_changes_only_its_field(
    before: dict[str, nodes.Plain], outer: str, inner: str, value: nodes.Plain, style: str
) -> None:
    """In each style of the text, the edited text reads as the edited value."""
    flow = {"block": False, "flow": True, "mixed": None}[style]
    text = yaml.safe_dump(before, default_flow_style=flow, sort_keys=False)
    present = before.get(outer)
    if present is not None and not isinstance(present, dict):
        return
    replaced = (present or {}).get(inner)
    if isinstance(replaced, list | dict) and type(replaced) is not type(value):
        return
    if (
        replaced is not None
        and isinstance(value, list | dict)
        and type(replaced) is not type(value)
    ):
        return
    after = {**before, outer: {**(present or {}), inner: value}}
    assert nodes.plain(put(text, (outer, inner), value), where="") == after
