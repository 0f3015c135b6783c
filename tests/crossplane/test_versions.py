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
        ("v2.4.0-rc.1", (2, 4, 0, "rc.1")),
        ("v2.4.0-rc1", (2, 4, 0, "rc1")),
        ("v2.0.0-preview.1", (2, 0, 0, "preview.1")),
        ("v2.5.0-rc.0.45.gabc1234", (2, 5, 0, "rc.0.45.gabc1234")),
        ("v1.20.1-up.1", (1, 20, 1, "up.1")),
        ("v1.20.1-up.1-arm64", (1, 20, 1, "up.1")),
        ("v2.4.0-mirrored", (2, 4, 0)),
        ("v2.4.0-arm64", (2, 4, 0)),
        ("v2.4.0-debian12", (2, 4, 0)),
        ("v2.4.0-debian-12-r3", (2, 4, 0)),
        ("v2.4.0-r0", (2, 4, 0)),
        ("v2.4.0_mirrored", (2, 4, 0)),
        (f"v2.4.0@sha256:{'1' * 64}", None),
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
    text: str, version: tuple[int, int] | tuple[int, int, int] | tuple[int, int, int, str] | None
) -> None:
    assert versions.parse(text) == (Version(*version) if version else None)


@pytest.mark.parametrize("text", ["2.4.2", "1.20", "2.0.0", "2.4.0-rc.1"])
def test_a_version_prints_as_it_was_written(text: str) -> None:
    assert str(versions.parse(text)) == text


def test_a_bare_line_means_its_newest_patch() -> None:
    assert Version(2, 0) >= (2, 0, 8)
    assert Version(2, 0) < Version(2, 1, 0)
    newest, *older = Version(2, 0).candidates
    assert newest == Version(2, 0)
    assert [version.patch for version in older] == list(reversed(range(100)))
    assert Version(2, 0, 8, "rc.1").candidates == (Version(2, 0, 8, "rc.1"),)


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("crossplane", ""),
        ("localhost:5000/crossplane", ""),
        ("localhost:5000/crossplane:v2.4.0", "v2.4.0"),
        (f"xpkg.example.org/crossplane:v2.4.0@sha256:{'1' * 64}", "v2.4.0"),
        (f"xpkg.example.org/crossplane@sha256:{'1' * 64}", ""),
    ],
)
def test_the_tag_of_an_image(image: str, tag: str) -> None:
    assert versions.tag(image) == tag


def test_a_required_version_is_refused_with_an_example() -> None:
    assert versions.require("v2.4.2", where="--crossplane") == Version(2, 4, 2)
    with pytest.raises(DevcacheError) as refused:
        versions.require("main", where="--crossplane")
    assert refused.value.where == "--crossplane"
    assert '"main"' in refused.value.problem
    assert "2.4.2" in refused.value.hint
