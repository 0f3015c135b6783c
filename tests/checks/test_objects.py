"""The values that Crossplane decodes from a document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender.checks import objects
from postrender.errors import DevcacheError
from postrender.packages.budget import Allowance

if TYPE_CHECKING:
    from tests.shared.programs import Plain


def read(text: str) -> object:
    return objects.read(text.encode(), Allowance(10_000, "too many nodes"), where="x")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: 1\nb: 1.5\nc: x\n", {"a": 1, "b": 1.5, "c": "x"}, id="scalars"),
        pytest.param("a: yes\nb: y\nc: Off\n", {"a": True, "b": True, "c": False}, id="booleans"),
        pytest.param(
            "a: 'yes'\nb: \"1\"\nc: |\n  1\n", {"a": "yes", "b": "1", "c": "1\n"}, id="quotes"
        ),
        pytest.param("a:\nb: null\nc: ~\nd: [1, null, ~]\n", {"d": [1]}, id="null"),
        pytest.param("a: 1\na: 2\n", {"a": 2}, id="the-last-duplicate"),
        pytest.param("a: 1\na:\n", {}, id="the-last-duplicate-is-null"),
        pytest.param("1: a\ntrue: b\n", {"1": "a", "true": "b"}, id="keys"),
        pytest.param(
            "a: {b: [{c: d}, []], e: {}}\n", {"a": {"b": [{"c": "d"}, []], "e": {}}}, id="nested"
        ),
        pytest.param(
            "a: 0o7\nb: 010\nc: 0x10\nd: 2020-01-01\n",
            {"a": "0o7", "b": 8, "c": 16, "d": "2020-01-01"},
            id="numbers",
        ),
        pytest.param(f"a: {10**30}\n", {"a": str(10**30)}, id="a-large-integer"),
        pytest.param("# nothing\n", None, id="empty"),
    ],
)
def test_values(text: str, value: Plain) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: &x 1\nb: *x\n", id="alias"),
        pytest.param("<<: {a: 1}\n", id="merge-key"),
        pytest.param("a: !!str 1\n", id="tag-of-a-scalar"),
        pytest.param("a: !!set {b}\n", id="tag-of-a-mapping"),
        pytest.param("a: " + "[" * 201 + "]" * 201, id="deep"),
        pytest.param("a: " + "x" * (4 << 20), id="large"),
    ],
)
def test_documents_that_are_not_read(text: str) -> None:
    with pytest.raises(objects.UnsupportedError):
        read(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("a: [\n", "is not valid YAML", id="syntax"),
        pytest.param("[" + "a," * 10_000 + "]", "too many nodes", id="nodes"),
    ],
)
def test_documents_that_are_refused(text: str, problem: str) -> None:
    with pytest.raises(DevcacheError, match=problem):
        read(text)


def without_nulls(value: Plain) -> Plain:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value if item is not None]
    return value


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text("ab:#-yn \n1.", max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda children: st.lists(children) | st.dictionaries(st.text("abc<", max_size=3), children),
)


@given(VALUES)
def test_json_is_read_as_it_is(value: Plain) -> None:
    assert read(json.dumps(value)) == without_nulls(value)
