"""References against what Crossplane's own code says of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postrender.crossplane import references
from postrender.errors import DevcacheError
from tests.shared.cache_keys import PARSED, REFUSED, ROWS, Row


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


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("x.io/a/b@sha256:0", "its digest is not sha256: and 64 hexadecimal digits"),
        ("x.io/a/b:v+1", "its tag is not 1 to 128 letters, digits, `_`, `.`, `-`"),
        (f"x.io/a/b:{'v' * 129}", "its tag is not 1 to 128 letters, digits, `_`, `.`, `-`"),
        ("-x.io/a/b", "its registry is not a host with an optional port"),
        (
            "x.io/a/B",
            "its repository is not 2 to 255 lower-case letters, digits, `_`, `.`, `/`, `-`",
        ),
    ],
)
def test_a_refusal_tells_the_rule(text: str, rule: str) -> None:
    with pytest.raises(DevcacheError) as refused:
        references.parse(text, where="packages.x")
    assert refused.value.where == "packages.x"
    assert (
        refused.value.problem
        == f'not a package reference: "{text[:120]}{text[120:] and "..."}": {rule}'
    )
    assert refused.value.hint == (
        "write registry/path:tag, e.g. registry.example.com/acme/platform:v0.1.0"
    )


def test_a_digest_key_is_a_dns_label_without_hyphens_at_its_ends() -> None:
    digest = f"sha256:{'a' * 64}"
    assert references.digest_key("-._a.b/c", digest) == "a-b-c-sha256-aaaaa.gz"
    assert references.digest_key("x" * 60, digest) == f"{'x' * 50}-sha256-aaaaa.gz"


WORDS = st.text("abAB01._-/:@ \n\t\x1b\u2028\u0661", max_size=12)
TEXTS = st.builds(
    "{}{}{}{}{}".format,
    WORDS,
    st.sampled_from(["", "x.io/", "x.io:5000/", "localhost/"]),
    WORDS,
    st.sampled_from(["", ":v1.0", ":latest", ":"]),
    st.sampled_from(["", f"@sha256:{'0' * 64}", "@sha256:0", "@"]),
)


@given(st.one_of(st.text(), TEXTS))
@example(".0")  # of which the suffix of the cache's path takes everything
def test_whatever_parses_is_the_sum_of_its_parts_and_safe_to_write_down(text: str) -> None:
    """It stands in a line of the index, and as a path below the cache."""
    try:
        found = references.parse(text, where="")
    except DevcacheError:
        return
    registry = f"{found.registry}/" if found.registry else ""
    tag = f":{found.tag}" if found.tag else ""
    digest = f"@{found.digest}" if found.digest else ""
    assert f"{registry}{found.repository}{tag}{digest}" == text
    assert re.fullmatch("[A-Za-z0-9._/:@-]+", text)
    key = references.digest_key(found.source, f"sha256:{'0' * 64}")
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.gz", key)
    path = references.path_key(text)
    assert re.fullmatch(r"[A-Za-z0-9._/:@-]+\.gz", path) or (path == ".gz" and text[0] == ".")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("xpkg.example.org/acme/network", "acme-network"),
        ("registry:5000/acme/team.x/network", "acme-team-x-network"),
        ("acme/network", "acme-network"),
        ("xpkg.example.org/acme/under_score", "acme-underscore"),
    ],
)
def test_what_the_resolver_calls_a_dependency(source: str, name: str) -> None:
    assert references.resolver_name(source) == name


def test_the_resolver_has_no_name_for_what_is_no_reference() -> None:
    with pytest.raises(DevcacheError) as refused:
        references.resolver_name("Not A Reference")
    assert refused.value.where == ""
