"""Documents of a stream: the fast scan never says what parsing would not, and meta objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from postrender import packages
from postrender.errors import DevcacheError
from postrender.manifests import nodes
from postrender.packages import Dependency, identity
from postrender.packages.identity import Identity
from tests.shared.package_files import META, directory

if TYPE_CHECKING:
    from pathlib import Path

FOO = Identity("a.example.org/v1", "Foo")


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
def test_what_programs_write_is_scanned(text: str, expected: Identity) -> None:
    assert identity.scan(text.encode()) == identity.parse(text.encode()) == expected


HEAD = "apiVersion: a.example.org/v1\nkind: Foo\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("kind: Foo\n  bar\napiVersion: v1\n", Identity("v1", "Foo bar"), id="folded"),
        pytest.param(
            "apiVersion: v1\nkind: Foo\n\n  bar\n", Identity("v1", "Foo\nbar"), id="folded, later"
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
def test_what_is_not_sure_is_parsed(text: str, expected: Identity) -> None:
    assert identity.scan(text.encode()) is None
    assert identity.parse(text.encode()) == expected


LINES = st.sampled_from(
    [
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


@settings(max_examples=1000)
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
    found = identity.scan(text)
    try:
        parsed = identity.parse(text)
    except yaml.YAMLError:
        return  # the scan leaves syntax errors to Crossplane
    assert found in (None, parsed)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(r'a: "\UFFFFFFFF"', "is not valid YAML", id="an impossible character"),
        pytest.param("a: [SECRET b: }", "is not valid YAML", id="flow style"),
        pytest.param("%TAG SECRET", "is not valid YAML", id="a directive"),
        pytest.param("a: !SECRET!x y", "is not valid YAML", id="a tag"),
        pytest.param("\tSECRET", "is not valid YAML", id="a tab"),
        pytest.param("a: *SECRET", "has an alias without an anchor", id="an alias"),
    ],
)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, nodes.LOADER])
def test_errors_of_both_parsers_hold_no_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: object, text: str, problem: str
) -> None:
    monkeypatch.setattr(nodes, "LOADER", loader)
    with pytest.raises(DevcacheError) as refused:
        packages.read(directory(tmp_path, {"a.yaml": text.encode()}))
    assert refused.value.problem.startswith((problem, f"a document {problem}"))
    assert refused.value.where.startswith(f"{tmp_path / 'a.yaml'}, line ")
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize("shift", range(4))
def test_a_large_document_is_utf_8_wherever_a_character_lies(tmp_path: Path, shift: int) -> None:
    """It is decoded in pieces: a character may begin in one of them and end in the next."""
    line = "# " + "x" * shift + "\U0001f600" * (3 << 18)
    package = directory(tmp_path, {"a.yaml": f"{HEAD}{line}\n".encode()})
    assert packages.read(package)
    (package / "a.yaml").write_bytes(f"{HEAD}{line}".encode() + b"\xf0\x9f\n")
    with pytest.raises(DevcacheError, match="is not UTF-8") as refused:
        packages.read(package)
    assert refused.value.where == f"{package / 'a.yaml'}, line 3, column {len(line) + 1}"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param("", (), id="no spec"),
        pytest.param("spec:\n", (), id="null"),
        pytest.param("spec: {dependsOn: null}\n", (), id="no list"),
        pytest.param("spec: {dependsOn: []}\n", (), id="an empty list"),
        pytest.param(
            "spec: {dependsOn: [{provider: a}, {configuration: b}, {function: c, version: '>1'}]}",
            (Dependency("a", ""), Dependency("b", ""), Dependency("c", ">1")),
            id="by kind",
        ),
        pytest.param(
            "spec: {dependsOn: [{apiVersion: v1, kind: K, package: p, provider: x}]}",
            (Dependency("p", ""),),
            id="the explicit form comes first",
        ),
        pytest.param(
            "spec: {dependsOn: [{package: p, provider: x, function: null}]}",
            (Dependency("x", ""),),
            id="a package alone is not the explicit form",
        ),
    ],
)
def test_dependencies(tmp_path: Path, spec: str, expected: tuple[Dependency, ...]) -> None:
    root = directory(tmp_path, {"crossplane.yaml": META + spec.encode()})
    assert packages.read(root).dependencies == expected


@pytest.mark.parametrize(
    ("meta", "problem"),
    [
        pytest.param(b"", "Configuration has no metadata.name", id="no metadata"),
        pytest.param(b"metadata: {}", "Configuration has no metadata.name", id="no name"),
        pytest.param(b"metadata: {name: 1}", "metadata.name is not a string", id="a number"),
        pytest.param(b"metadata: a", "metadata is not a mapping", id="metadata is text"),
        pytest.param(b"metadata: {name: a}\nspec: []", "spec is not a mapping", id="spec: a list"),
        pytest.param(
            b"metadata: {name: a}\nspec: {crossplane: x}",
            "spec.crossplane is not a mapping",
            id="crossplane is text",
        ),
        pytest.param(
            b"metadata: {name: a}\nspec: {crossplane: {version: 1.0}}",
            "spec.crossplane.version is not a string",
            id="a version that is a number",
        ),
        pytest.param(
            b"metadata: {name: a}\nspec: {dependsOn: {}}",
            "spec.dependsOn is not a list",
            id="dependsOn is a mapping",
        ),
        pytest.param(
            b"metadata: {name: a}\nspec: {dependsOn: [a]}",
            "spec.dependsOn[0] is not a mapping",
            id="a dependency is text",
        ),
        pytest.param(
            b"metadata: {name: a}\nspec: {dependsOn: [{provider: a}, {version: '1'}]}",
            "spec.dependsOn[1] names no package",
            id="a dependency on nothing",
        ),
        pytest.param(
            b"metadata: {name: a}\nspec: {dependsOn: [{provider: [a]}]}",
            "spec.dependsOn[0].provider is not a string",
            id="a provider that is a list",
        ),
        pytest.param(b"metadata: &m {name: a}\nspec: *m", "alias", id="an alias"),
    ],
)
def test_a_meta_object_of_the_wrong_shape(tmp_path: Path, meta: bytes, problem: str) -> None:
    head = b"apiVersion: meta.pkg.crossplane.io/v1\nkind: Configuration\n"
    root = directory(tmp_path, {"crossplane.yaml": head + meta})
    with pytest.raises(DevcacheError) as refused:
        packages.read(root)
    assert problem in refused.value.problem
    assert refused.value.where.startswith(str(root / "crossplane.yaml"))


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha1"])
@pytest.mark.parametrize("kind", ["Configuration", "Provider", "Function"])
def test_kinds_of_packages(tmp_path: Path, kind: str, version: str) -> None:
    meta = META.replace(b"Configuration", kind.encode()).replace(b"/v1", f"/{version}".encode())
    assert packages.read(directory(tmp_path, {"crossplane.yaml": meta})).kind == kind
