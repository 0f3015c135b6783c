"""Values as YAML that every parser reads alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender.manifests import emit, nodes

KEYS = st.sampled_from(["a", "b", "c", "name"])

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_emitted_yaml_reads_back(value: nodes.Plain) -> None:
    assert nodes.plain(emit.block({"x": value}), where="") == {"x": value}
    assert nodes.plain(f"x: {emit.flow(value)}\n", where="") == {"x": value}


@pytest.mark.parametrize(
    "word",
    [
        "y",
        "N",
        "on",
        "NULL",
        "1e3",
        "0x1f",
        "1_0",
        "0o7",
        "1:30",
        "=",
        "<<",
        "~",
        "-",
        "",
        " ",
        "a: b",
        "a #b",
        "2001-01-01",
        ".inf",
        "!x",
        "&x",
        "*x",
        "%x",
        "@x",
        "`x",
    ],
)
def test_strings_that_a_parser_could_read_as_another_type_are_quoted(word: str) -> None:
    assert emit.scalar(word) == f'"{word}"'
    assert emit.block({"x": word}) == f'x: "{word}"\n'


@pytest.mark.parametrize(
    "word", ["crossplane", "20Mi", "100m", "/cache/xpkg", "busybox:1.37.0", "sha256:0a"]
)
def test_ordinary_words_are_not_quoted(word: str) -> None:
    assert emit.block({"x": word}) == f"x: {word}\n"
