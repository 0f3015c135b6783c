"""The documents of a package: errors without content, and large documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from postrender import packages
from postrender.errors import DevcacheError
from postrender.manifests import nodes
from tests.shared.package_files import directory

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: a.example.org/v1\nkind: Foo\n"


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
def test_errors_of_both_parsers_quote_no_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: object, text: str, problem: str
) -> None:
    monkeypatch.setattr(nodes, "LOADER", loader)
    with pytest.raises(DevcacheError) as refused:
        packages.read(directory(tmp_path, {"a.yaml": text.encode()}))
    assert refused.value.problem.startswith((problem, f"a document {problem}"))
    assert refused.value.where.startswith(f"{tmp_path / 'a.yaml'}, line ")
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize("shift", range(4))
def test_a_large_document_may_have_characters_across_pieces(tmp_path: Path, shift: int) -> None:
    """The document is decoded in pieces: a character may begin in one and end in the next."""
    line = "# " + "x" * shift + "\U0001f600" * (3 << 18)
    package = directory(tmp_path, {"a.yaml": f"{HEAD}{line}\n".encode()})
    assert packages.read(package)
    (package / "a.yaml").write_bytes(f"{HEAD}{line}".encode() + b"\xf0\x9f\n")
    with pytest.raises(DevcacheError, match="is not UTF-8") as refused:
        packages.read(package)
    assert refused.value.where == f"{package / 'a.yaml'}, line 3, column {len(line) + 1}"
