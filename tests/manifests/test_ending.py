"""The final line break of a document: it becomes part of no value."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from postrender.errors import DevcacheError
from postrender.manifests import ending, nodes
from tests.shared.fuzzing import fuzzed

TEXTS = {
    "plain": ("a: b", "a: b\n"),
    "comment": ("a: b # c", "a: b # c\n"),
    "terminated": ("a: |\n  b\n", "a: |\n  b\n"),
    "literal": ("a: |\n  b", "a: |-\n  b\n"),
    "literal-that-keeps-line-breaks": ("a: |+ # c\n  b", "a: |- # c\n  b\n"),
    "literal-that-drops-line-breaks": ("a: |-\n  b", "a: |-\n  b\n"),
    "literal-with-indentation": ("- |2+\n   b", "- |2-\n   b\n"),
    "literal-with-indentation-last": ("- |+2\n   b", "- |-2\n   b\n"),
    "folded": ("a: >\n  b\n  c", "a: >-\n  b\n  c\n"),
    "literal-before": ("a: |\n  b\nc: d", "a: |\n  b\nc: d\n"),
    "byte-order-mark": ("\ufeffa: |\n  b", "\ufeffa: |-\n  b\n"),
    "empty": ("", "\n"),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS)
def test_the_values_stay(text: str, expected: str) -> None:
    assert ending.terminated(text, where="x") == expected
    assert yaml.safe_load(expected) == yaml.safe_load(text)


def test_a_value_that_cannot_stay_is_refused() -> None:
    with pytest.raises(DevcacheError, match="ends inside a value"):
        ending.terminated("a: |+\n  b\u2028", where="x")


@fuzzed(200)
@given(
    st.sampled_from(["a: ", "- ", "a:\n- ", ""]),
    st.sampled_from(["|", ">", "|+", ">-", "|1", ""]),
    st.text("a \n\r\t#", max_size=8),
)
def test_the_values_of_any_document_stay_or_it_is_refused(key: str, header: str, text: str) -> None:
    document = f"{key}{header}\n  {text}" if header else f"{key}{text}"
    try:
        before = nodes.compose(document)
        after = nodes.compose(ending.terminated(document, where="x"))
    except DevcacheError:
        return
    assert (before and yaml.serialize(before)) == (after and yaml.serialize(after))
