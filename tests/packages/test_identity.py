"""The apiVersion, kind and name of a document: the fast scan agrees with the parser."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from postrender.packages import identity
from postrender.packages.budget import Budget
from postrender.packages.identity import Identity
from tests.shared.fuzzing import fuzzed

FOO = Identity("a.example.org/v1", "Foo")


def parse(text: bytes) -> Identity:
    return identity.parse(text, Budget(), where="")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("apiVersion: v1\nkind: Foo\n", Identity("v1", "Foo"), id="plain"),
        pytest.param("kind: Foo\napiVersion: v1", Identity("v1", "Foo"), id="no final newline"),
        pytest.param(
            "# c\n\napiVersion: 'a.example.org/v1' # c\n  # c\nkind: \"Foo\"\nspec:\n- a\n- b: c\n",
            FOO,
            id="comments, quotes and lists",
        ),
        pytest.param("apiVersion: v1\r\nkind: Foo\r\na: b\r\n", Identity("v1", "Foo"), id="CRLF"),
    ],
)
def test_usual_documents_are_scanned(text: str, expected: Identity) -> None:
    assert identity.scan(text.encode()) == parse(text.encode()) == expected


HEAD = "apiVersion: a.example.org/v1\nkind: Foo\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("kind: Foo\n  bar\napiVersion: v1\n", Identity("v1", "Foo bar"), id="folded"),
        pytest.param(
            "apiVersion: v1\nkind: Foo\n\n  bar\n",
            Identity("v1", "Foo\nbar"),
            id="folded, after a blank line",
        ),
        pytest.param("{kind: Foo, apiVersion: a.example.org/v1}", FOO, id="flow style"),
        pytest.param('a: "\nkind: Bar\n"\n' + HEAD, FOO, id="inside a string"),
        pytest.param("a: {\nkind: Bar}\n" + HEAD, FOO, id="inside a flow mapping"),
        pytest.param('"kind": Bar\n' + HEAD, FOO, id="quoted key before"),
        pytest.param(HEAD + "kind: Bar\n", FOO._replace(kind="Bar"), id="twice"),
        pytest.param(HEAD + "kind : Bar\n", FOO._replace(kind="Bar"), id="twice, with a blank"),
        pytest.param(HEAD + "'kind': Bar\n", FOO._replace(kind="Bar"), id="twice, in quotes"),
        pytest.param(HEAD + '"k\\x69nd": Bar\n', FOO._replace(kind="Bar"), id="twice, escaped"),
        pytest.param(HEAD + "? kind\n: Bar\n", FOO._replace(kind="Bar"), id="twice, complex key"),
        pytest.param(HEAD + "!!str kind: Bar\n", FOO._replace(kind="Bar"), id="twice, with a tag"),
        pytest.param(HEAD + "&a kind: Bar\n", FOO._replace(kind="Bar"), id="twice, with an anchor"),
        pytest.param(HEAD + "a: b\rkind: Bar\n", FOO._replace(kind="Bar"), id="twice, behind a CR"),
        pytest.param(HEAD + "a: b\u2028kind: Bar\n", FOO._replace(kind="Bar"), id="behind U+2028"),
        pytest.param(HEAD + "a: b\x85kind: Bar\n", FOO._replace(kind="Bar"), id="behind U+0085"),
        pytest.param("apiVersion: a.example.org/v1\nkind: &k Foo\n", FOO, id="anchor"),
        pytest.param("apiVersion: a.example.org/v1\nkind: !!str Foo\n", FOO, id="tag"),
        pytest.param("apiVersion: a.example.org/v1\nkind:\n  Foo\n", FOO, id="next line"),
        pytest.param("apiVersion: a.example.org/v1\nkind: >-\n  Foo\n", FOO, id="block scalar"),
        pytest.param("  kind: Foo\n  apiVersion: a.example.org/v1\n", FOO, id="indented"),
        pytest.param("\ufeff" + HEAD, FOO, id="byte order mark"),
        pytest.param("a: &k Foo\nkind: *k\napiVersion: v1", Identity("v1", ""), id="alias"),
        pytest.param("a: &k {kind: Foo}\n<<: *k\n", Identity("", ""), id="merge"),
        pytest.param("kind: {Foo: bar}\napiVersion: [v1]\n", Identity("", ""), id="no strings"),
    ],
)
def test_unusual_documents_are_parsed(text: str, expected: Identity) -> None:
    assert identity.scan(text.encode()) is None
    assert parse(text.encode()) == expected


NAME = HEAD + "metadata:\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param(NAME + "  name: a.b-c\n", "a.b-c", id="first"),
        pytest.param(NAME + "  name: a", "a", id="no final newline"),
        pytest.param(NAME + "  annotations:\n    name: b\n  name: a\nspec: {}\n", "a", id="second"),
        pytest.param(NAME + "  labels: {name: b}\n  name: 'a' # c\n", "a", id="quotes and comment"),
        pytest.param(NAME + "  text: |\n    b\n     name: c\n  name: a\n", "a", id="behind a text"),
        pytest.param(NAME + "  items:\n  - name: b\n  name: a\n", "a", id="behind a list"),
        pytest.param(NAME.replace("\n", "\r\n") + "  name: a\r\nb: c\r\n", "a", id="CRLF"),
        pytest.param(NAME + "  name: a\n# c\nspec: {}\n", "a", id="comment behind it"),
        pytest.param(HEAD + "spec:\n  metadata:\n    name: b\n", "", id="of another field"),
        pytest.param(HEAD + "metadata: {}\n", "", id="none"),
    ],
)
def test_names_at_the_usual_place_are_scanned(text: str, name: str) -> None:
    scanned = identity.scan(text.encode())
    assert scanned == parse(text.encode()) == FOO._replace(name=name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param(HEAD + "metadata: {name: a}\n", "a", id="flow style"),
        pytest.param(NAME + "  name: a\nmetadata:\n  name: b\n", "b", id="metadata twice"),
        pytest.param(NAME + "  name: a\nmetadata: {}\n", "", id="metadata twice, then without"),
        pytest.param(NAME + "  name: a\n  name: b\n", "b", id="name twice"),
        pytest.param(NAME + '  name: a\n  "name": b\n', "b", id="name twice, in quotes"),
        pytest.param(NAME + "  name: a\n    b\n", "a b", id="folded"),
        pytest.param(NAME + "  name: a\n\n    b\n", "a\nb", id="folded, after a blank line"),
        pytest.param(NAME + "  name: &n a\n", "a", id="anchor"),
        pytest.param(NAME + '  a: "\n  name: b\n  "\n  name: a\n', "a", id="inside a string"),
        pytest.param(NAME + "  name: [a]\n", "", id="no string"),
        pytest.param(NAME + f"  name: {'a' * 254}\n", "", id="too long"),
        pytest.param("metadata:\n  name: a\n" + HEAD, "a", id="before the kind"),
    ],
)
def test_only_the_parser_finds_names_at_unusual_places(text: str, name: str) -> None:
    scanned = identity.scan(text.encode())
    assert scanned is None or scanned == FOO
    assert parse(text.encode()) == FOO._replace(name=name)


LINES = st.sampled_from(
    [
        *("metadata:", "metadata: {name: f}", "metadata: # c", "  name: n", "  name: 'q'"),
        *("  name: m # c", "    name: d", "  labels:", "  - name: l", "   o", '  "name": e'),
        *("apiVersion: v1", "kind: Foo", "kind: Bar", "kind : Baz", "kind: |", "kind:", "kind: "),
        *(
            "apiVersion: 'v1'",
            'kind: "Foo"',
            "kind: Foo # c",
            "kind: Foo #",
            '"kind": Q',
            "kinds: x",
        ),
        *(
            "a: b",
            'a: "',
            "'",
            '"',
            "a: {",
            "}",
            "[",
            "]",
            "- a",
            "-",
            "  a: b",
            "  b",
            " ",
            "",
            "#",
        ),
        *("# c", "  # c", "a: |", "a: >", "? kind", ": Foo", "<<: {kind: M}", "&a b: c", "a: &k x"),
        *("b: *k", "!!str kind: T", "a: 'x", "y'", "...", "%YAML 1.1", "\ta: b", "a: b\rkind: R"),
        *(
            "a: b\u2028kind: L",
            "a: b\x85kind: N",
            "\ufeffkind: B",
            "é: é",
            "kind: Fo\u00e9",
            "_: x",
        ),
    ]
)


@fuzzed(1000)
@given(
    head=st.permutations(["apiVersion: v1", "kind: Foo"]),
    before=st.lists(LINES, max_size=2),
    lines=st.lists(LINES, max_size=6),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_the_scan_agrees_with_the_parser(
    head: list[str], before: list[str], lines: list[str], end: str
) -> None:
    text = end.join([*before, *head, *lines, ""]).encode()
    scanned = identity.scan(text)
    try:
        parsed = parse(text)
    except yaml.YAMLError:
        return  # the scan leaves syntax errors to Crossplane
    assert scanned in (None, parsed, parsed._replace(name=""))
