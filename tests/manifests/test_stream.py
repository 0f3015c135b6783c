"""Streams of manifests: splitting and joining them."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from postrender import labels
from postrender.errors import DevcacheError
from postrender.manifests import nodes, stream
from tests.shared import manifests

PEM = (
    "kind: Secret\nstringData:\n  key: |\n    -----BEGIN KEY-----\n    ---\n    -----END KEY-----\n"
)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("kind: A\n", ["A"], id="one-document-without-a-separator"),
        pytest.param(
            "---\nkind: A\n---\nkind: B\n", ["A", "B"], id="helm-3-leads-with-a-separator"
        ),
        pytest.param("kind: A\n---\nkind: B", ["A", "B"], id="helm-4-does-not"),
        pytest.param(
            "kind: A\n---  # next\nkind: B\n", ["A", "B"], id="a-comment-behind-the-separator"
        ),
        pytest.param("kind: A\r\n---\r\nkind: B\r\n", ["A", "B"], id="crlf"),
        pytest.param("---\n---\nkind: A\n---\n", ["", "A", ""], id="empty-documents-stay"),
        pytest.param("---\n# only\n---\nkind: A\n", ["", "A"], id="a-document-of-comments"),
        pytest.param(f"{PEM}---\nkind: B\n", ["Secret", "B"], id="dashes-in-a-block-scalar"),
        pytest.param('{"kind": "A"}\n---\n{"kind": "B"}\n', ["A", "B"], id="json"),
        pytest.param("\ufeffkind: A\n", ["A"], id="a-byte-order-mark"),
    ],
)
def test_a_stream_splits_where_helm_splits_it(text: str, kinds: list[str]) -> None:
    documents = manifests.split(text)
    assert [document.kind for document in documents] == kinds
    assert "".join(document.text for document in documents) == text


def test_content_on_the_separators_line_is_refused_with_its_line() -> None:
    with pytest.raises(DevcacheError) as refused:
        manifests.split("kind: A\n--- {kind: B}\n")
    assert refused.value.where == "the rendered manifests, line 2"


def test_invalid_utf_8_is_refused_with_its_line() -> None:
    with pytest.raises(DevcacheError, match="not UTF-8") as refused:
        stream.split("kind: A\n---\nkind: Ä\n---\nkind: B\n".encode("latin-1"))
    assert refused.value.where == "the rendered manifests, line 3"


def test_invalid_yaml_is_refused_with_its_place_but_without_its_content() -> None:
    text = "kind: A\n---\n# Source: chart/templates/x.yaml\nkind: B\nhunter2: 'secret\n"
    document = manifests.split(text)[1]
    with pytest.raises(DevcacheError) as refused:
        _ = document.root
    assert refused.value.where == "chart/templates/x.yaml, line 6, column 1"
    assert "hunter2" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000])
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(DevcacheError):
        _ = stream.Document(text.encode(), 1).root


@pytest.mark.parametrize(
    ("text", "comment", "filename"),
    [
        ("---\n# Source: c/t/x.yaml\nkind: A\n", "# Source: c/t/x.yaml", ""),
        ("---\n#### file: c/t/x.yaml\nkind: A\n", "#### file: c/t/x.yaml", ""),
        ("# a\n\n# Source: c/t/x.yaml\nkind: A\n", "# Source: c/t/x.yaml", ""),
        ("kind: A\n# Source: c/t/x.yaml\n", "", ""),
        (
            f"metadata: {{annotations: {{{labels.FILENAME}: c/t/x.yaml}}}}",
            "",
            "c/t/x.yaml",
        ),
    ],
)
def test_a_document_knows_its_template(text: str, comment: str, filename: str) -> None:
    document = stream.Document(text.encode(), 1)
    assert (document.origin_comment, document.filename) == (comment, filename)


LINES = st.sampled_from(
    ["---", "--- # x", "--- ", "---x", " ---", "a: b", "a: |", "  ---", "...", "", "#", "\ta"]
)


@given(st.lists(LINES), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_joined_documents_equal_the_stream(lines: list[str], ending: str, ends: bool) -> None:  # noqa: FBT001  # hypothesis passes by position
    text = ending.join(lines) + (ending if ends else "")
    documents = manifests.split(text)
    assert "".join(document.text for document in documents) == text
    assert manifests.joined(documents) == text
    assert all(document.text.startswith("---") for document in documents[1:])
    first_lines = [text.split("\n")[document.line - 1] for document in documents]
    assert [document.text.split("\n")[0] for document in documents] == first_lines


def test_a_document_without_separator_or_final_newline_gets_them_when_joined() -> None:
    documents = [stream.Document(b"kind: A", 1), stream.Document(b"kind: B\n", 1)]
    assert manifests.joined(documents) == "kind: A\n---\nkind: B\n"


PIECES = st.sampled_from(
    [
        *("---", "\n---\n", "--- #", "...", "%YAML 1.1", "\n", "\r", "\r\n", "\x85", "\u2028"),
        *(
            "a: ",
            "- ",
            "'",
            '"',
            "|",
            ">",
            "[",
            "]",
            "{",
            "}",
            "#",
            "&x ",
            "*x",
            "!!int ",
            "\ufeff",
        ),
        *(" ", "  ", "\t", "x", "\\"),
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40))
def test_the_documents_equal_those_that_a_yaml_parser_finds_in_the_stream(text: str) -> None:
    """The filter reads the same documents as Helm and Kubernetes."""
    try:
        roots = [document.root for document in manifests.split(text)]
    except DevcacheError:
        return
    whole = yaml.compose_all(text, Loader=nodes.LOADER)
    assert [yaml.serialize(root) for root in roots if root] == [*map(yaml.serialize, whole)]
