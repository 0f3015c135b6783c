"""YAML as nodes and as plain values: Helm reads the same, and errors quote no content."""

from __future__ import annotations

import re

import pytest
import yaml

from postrender.errors import DevcacheError
from postrender.manifests import nodes


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0755", 493),
        ("1_000", 1000),
        ("0x1f", 31),
        ("1e3", 1000.0),
        ("1.5", 1.5),
        ("'1e3'", "1e3"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("=", "="),
        (".inf", ".inf"),
        ("yes", True),
        ("y", True),
        ("N", False),
        ("'y'", "y"),
        ("~", None),
        ("0x_", "0x_"),
        ("!!int word", "word"),
        ("!!str 1.20", "1.20"),
        ("!!str 7", "7"),
        ("1e999", "1e999"),
        (f"1{'0' * 5000}", f"1{'0' * 5000}"),
        (f"0x{'f' * 5000}", f"0x{'f' * 5000}"),
        (f"0{'7' * 5000}", f"0{'7' * 5000}"),
        (f"0b{'1' * 20_000}", f"0b{'1' * 20_000}"),
        ("9" * 30, 10**30 - 1),
    ],
)
def test_values_are_read_as_by_helm(written: str, value: object) -> None:
    assert nodes.plain(f"x: {written}\n", where="") == {"x": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [b, c\nd: e\n", "expected ',' or ']'"),
        ("a: b\nc\n", "could not find expected ':'"),
        ("a: b\n---\nc: d\n", "holds more than one document"),
        ("a: *secret\n", "found undefined alias$"),
        ("a: 'secret\n", "found unexpected end of stream"),
        ("a:\n  <<: {secret: b}\n", "has a YAML merge key on line 2"),
    ],
)
def test_yaml_errors_quote_no_content(text: str, message: str) -> None:
    with pytest.raises(DevcacheError) as refused:
        nodes.plain(text, where="")
    assert re.search(message, refused.value.problem)
    assert "secret" not in refused.value.problem


@pytest.mark.parametrize("loader", [yaml.SafeLoader, nodes.LOADER])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(r'a: "\UFFFFFFFF"', id="beyond Unicode"),
        pytest.param(r'a: "\uD800"', id="half of a surrogate pair"),
        pytest.param(r'"\uDFFF": a', id="the other half, in a key"),
    ],
)
def test_an_impossible_character_is_refused_with_and_without_libyaml(
    monkeypatch: pytest.MonkeyPatch, loader: object, text: str
) -> None:
    monkeypatch.setattr(nodes, "LOADER", loader)
    with pytest.raises(DevcacheError, match="is not valid YAML"):
        nodes.plain(text, where="")


@pytest.mark.parametrize("loader", [yaml.SafeLoader, nodes.LOADER])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[" * 199 + "x" + "]" * 199, None, id="deepest"),
        pytest.param("[" * 200 + "x" + "]" * 200, "nests deeper than 200 levels", id="deeper"),
        pytest.param("a: [1, 2, 3, 4, 5, 6, 7]\n", None, id="most"),
        pytest.param("a: [1, 2, 3, 4, 5, 6, 7, 8]\n", "has more than 10 nodes", id="more"),
    ],
)
def test_nodes_are_limited_with_and_without_libyaml(
    monkeypatch: pytest.MonkeyPatch, loader: object, text: str, message: str | None
) -> None:
    monkeypatch.setattr(nodes, "LOADER", loader)
    monkeypatch.setattr(nodes, "_MOST_NODES", 1000 if "[[" in text else 10)
    if message is None:
        assert nodes.compose(text) is not None
        return
    with pytest.raises(DevcacheError) as refused:
        nodes.compose(text, where="a file")
    assert (refused.value.problem, refused.value.where) == (message, "a file")
