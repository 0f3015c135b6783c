"""References against what Crossplane's own code says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

import pytest

from postrender.cache import references
from postrender.errors import DevcacheError


class Row(TypedDict):
    """What Crossplane v2.1.3 and crossplane-runtime v2.3.3 gave for a reference."""

    package: str
    path_key: str
    le21_parse_ok: bool
    source: str
    identifier: str
    v2_admitted: bool
    strict_ok: bool
    ge22_parse_ok: bool
    digest: str
    digest_key: str


ROWS: list[Row] = json.loads((Path(__file__).parent / "data" / "cache-keys.json").read_text())
PARSED = [row for row in ROWS if row["le21_parse_ok"]]
REFUSED = [row for row in ROWS if not row["le21_parse_ok"]]


def test_no_vector_is_lost() -> None:
    assert (len(PARSED), len(REFUSED)) == (45, 5)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["package"])
def test_path_key_is_crossplanes(row: Row) -> None:
    assert references.path_key(row["package"]) == row["path_key"]


@pytest.mark.parametrize("row", PARSED, ids=lambda row: row["package"])
def test_reads_a_reference_as_crossplane_does(row: Row) -> None:
    reference = references.parse(row["package"], where="")
    assert reference.text == row["package"]
    assert (reference.source, reference.identifier) == (row["source"], row["identifier"])
    assert references.digest_key(reference.source, row["digest"]) == row["digest_key"]


@pytest.mark.parametrize("row", PARSED, ids=lambda row: row["package"])
def test_crossplane_2_admits_what_its_crd_and_its_strict_parser_admit(row: Row) -> None:
    reference = references.parse(row["package"], where="")
    assert reference.is_qualified == (row["v2_admitted"] and row["strict_ok"])


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["package"])
def test_refuses_what_crossplane_cannot_parse(row: Row) -> None:
    assert not row["ge22_parse_ok"]
    with pytest.raises(DevcacheError) as refused:
        references.parse(row["package"], where="packages.x")
    assert refused.value.where == "packages.x"
    assert refused.value.hint


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        pytest.param("x.io/a/b:v1", "x.io", "a/b", "v1", "", id="registry-path-and-tag"),
        pytest.param("x.io:5000/a/b", "x.io:5000", "a/b", "", "", id="a-port-is-no-tag"),
        pytest.param("localhost/a/b", "", "localhost/a/b", "", "", id="a-host-needs-a-dot-or-port"),
        pytest.param(
            f"x.io/a/b@sha256:{'0' * 64}", "x.io", "a/b", "", f"sha256:{'0' * 64}", id="a-digest"
        ),
    ],
)
def test_parts_of_a_reference(
    text: str, registry: str, repository: str, tag: str, digest: str
) -> None:
    found = references.parse(text, where="")
    assert (found.registry, found.repository, found.tag, found.digest) == (
        registry,
        repository,
        tag,
        digest,
    )


def test_latest_is_cut_off_a_bare_name_as_crossplane_cuts_it() -> None:
    assert references.parse("mylatest", where="").source == "my"
