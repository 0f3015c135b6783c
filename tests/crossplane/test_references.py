"""References, compared with the results of Crossplane's own code."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postrender.crossplane import references
from postrender.errors import DevcacheError
from tests.shared.cache_keys import PARSED, REFUSED, ROWS, Row


def test_all_vectors_are_read() -> None:
    assert (len(PARSED), len(REFUSED)) == (45, 5)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["package"])
def test_the_path_key_equals_crossplanes(row: Row) -> None:
    assert references.path_key(row["package"]) == row["path_key"]


@pytest.mark.parametrize("row", PARSED, ids=lambda row: row["package"])
def test_a_reference_has_the_same_parts_as_in_crossplane(row: Row) -> None:
    reference = references.parse(row["package"], where="")
    assert reference.text == row["package"]
    assert (reference.source, reference.identifier) == (row["source"], row["identifier"])
    assert references.digest_key(reference.source, row["digest"]) == row["digest_key"]


@pytest.mark.parametrize("row", PARSED, ids=lambda row: row["package"])
def test_crossplane_2_admits_references_that_pass_its_crd_and_its_strict_parser(row: Row) -> None:
    reference = references.parse(row["package"], where="")
    assert reference.is_qualified == (row["v2_admitted"] and row["strict_ok"])


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["package"])
def test_references_that_crossplane_cannot_parse_are_refused(row: Row) -> None:
    assert not row["ge22_parse_ok"]
    with pytest.raises(DevcacheError) as refused:
        references.parse(row["package"], where="packages.x")
    assert refused.value.where == "packages.x"
    assert refused.value.hint


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        pytest.param("x.io/a/b:v1", "x.io", "a/b", "v1", "", id="registry-path-and-tag"),
        pytest.param("x.io:5000/a/b", "x.io:5000", "a/b", "", "", id="a-port-is-not-a-tag"),
        pytest.param("localhost/a/b", "", "localhost/a/b", "", "", id="a-host-needs-a-dot-or-port"),
        pytest.param(
            f"x.io/a/b@sha256:{'0' * 64}", "x.io", "a/b", "", f"sha256:{'0' * 64}", id="a-digest"
        ),
    ],
)
def test_a_reference_is_parsed_into_its_parts(
    text: str, registry: str, repository: str, tag: str, digest: str
) -> None:
    reference = references.parse(text, where="")
    assert (reference.registry, reference.repository, reference.tag, reference.digest) == (
        registry,
        repository,
        tag,
        digest,
    )


def test_latest_is_removed_from_a_bare_name_as_by_crossplane() -> None:
    assert references.parse("mylatest", where="").source == "my"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("x.io/a/b@sha256:0", "its digest"),
        ("x.io/a/b:v+1", "its tag"),
        (f"x.io/a/b:{'v' * 129}", "its tag"),
        ("-x.io/a/b", "its registry"),
        ("x.io/a/B", "its repository"),
    ],
)
def test_a_refusal_states_the_violated_rule(text: str, rule: str) -> None:
    with pytest.raises(DevcacheError) as refused:
        references.parse(text, where="packages.x")
    assert refused.value.where == "packages.x"
    assert f'"{text[:120]}{text[120:] and "..."}"' in refused.value.problem
    assert rule in refused.value.problem
    assert "registry.example.com/acme/platform:v0.1.0" in refused.value.hint


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
@example(".0")  # the path's suffix replaces all of it
def test_a_parsed_reference_is_the_sum_of_its_parts_and_safe_as_a_path(text: str) -> None:
    """A reference becomes a line of the index and a path below the cache."""
    try:
        reference = references.parse(text, where="")
    except DevcacheError:
        return
    registry = f"{reference.registry}/" if reference.registry else ""
    tag = f":{reference.tag}" if reference.tag else ""
    digest = f"@{reference.digest}" if reference.digest else ""
    assert f"{registry}{reference.repository}{tag}{digest}" == text
    assert re.fullmatch("[A-Za-z0-9._/:@-]+", text)
    key = references.digest_key(reference.source, f"sha256:{'0' * 64}")
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
def test_the_resolvers_name_of_a_dependency(source: str, name: str) -> None:
    assert references.resolver_name(source) == name


def test_the_resolvers_name_requires_a_reference() -> None:
    with pytest.raises(DevcacheError) as refused:
        references.resolver_name("Not A Reference")
    assert refused.value.where == ""
