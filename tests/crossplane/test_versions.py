"""Crossplane versions: parsing, printing and comparing them."""

from __future__ import annotations

import pytest

from postrender.crossplane import versions
from postrender.crossplane.versions import Version
from postrender.errors import DevcacheError


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v2.4.2", (2, 4, 2)),
        ("2.4.2", (2, 4, 2)),
        ("1.20", (1, 20)),
        ("v2.4.0-rc.1", (2, 4, 0)),
        ("v1.20.1-up.1", (1, 20, 1)),
        ("v2.3.0+build.5", (2, 3, 0)),
        ("latest", None),
        ("v2", None),
        ("2.4.x", None),
        ("", None),
        ("v2.4.0\n", None),
        ("\u0662.\u0664", None),
        (f"2.{'4' * 5000}", None),
    ],
)
def test_a_text_is_parsed_as_a_version_or_as_none(
    text: str, version: tuple[int, ...] | None
) -> None:
    assert versions.parse(text) == (Version(*version) if version else None)


@pytest.mark.parametrize("text", ["2.4.2", "1.20", "2.0.0"])
def test_a_version_prints_as_it_was_written(text: str) -> None:
    assert str(versions.parse(text)) == text


def test_a_bare_line_means_its_newest_patch() -> None:
    assert Version(2, 0) >= (2, 0, 8)
    assert Version(2, 0) < Version(2, 1, 0)


def test_a_required_version_is_refused_with_an_example() -> None:
    assert versions.require("v2.4.2", where="--crossplane") == (2, 4, 2)
    with pytest.raises(DevcacheError) as refused:
        versions.require("main", where="--crossplane")
    assert refused.value.where == "--crossplane"
    assert '"main"' in refused.value.problem
    assert "2.4.2" in refused.value.hint
