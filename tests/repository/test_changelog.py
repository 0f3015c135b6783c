"""The notes of a release, from CHANGELOG.md."""

from __future__ import annotations

import pytest
import yaml

from tests.shared.paths import ROOT
from tools import changelog

TEXT = """\
# Changelog

Prose with [0.2.0] in it.

## [Unreleased]

## [0.2.0] - 2026-02-03

### Added

- One, over
  two lines, with a [link](docs/x.md) and `code: #1`.
- Two.

### Fixed

- Three: a bug.

## [0.1.0] - 2026-01-02

### Added

- All.

[Unreleased]: https://example.org/compare/v0.2.0...HEAD
[0.2.0]: https://example.org/releases/v0.2.0
"""


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param(
            "0.2.0",
            "### Added\n\n- One, over\n  two lines, with a [link](docs/x.md) and `code: #1`.\n"
            "- Two.\n\n### Fixed\n\n- Three: a bug.\n",
            id="ends-at-the-next-version",
        ),
        pytest.param("0.1.0", "### Added\n\n- All.\n", id="the-last-ends-at-the-links"),
    ],
)
def test_the_notes_of_a_version(version: str, expected: str) -> None:
    assert changelog.notes(TEXT, version) == expected


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        pytest.param("0.3.0", r"no heading for \[0.3.0\]", id="unknown"),
        pytest.param("0.1", r"no heading for \[0.1\]", id="only-the-beginning"),
        pytest.param("0.1x0", r"no heading for \[0.1x0\]", id="a-dot-matches-only-a-dot"),
        pytest.param("Unreleased", r"no changes below \[Unreleased\]", id="empty"),
    ],
)
def test_a_version_without_notes_is_refused(version: str, problem: str) -> None:
    with pytest.raises(changelog.ChangelogError, match=problem):
        changelog.notes(TEXT, version)


def test_the_changes_of_a_version_are_plain_lines_with_a_kind() -> None:
    assert changelog.changes(TEXT, "0.2.0") == [
        {"kind": "added", "description": "One, over two lines, with a link and `code: #1`."},
        {"kind": "added", "description": "Two."},
        {"kind": "fixed", "description": "Three: a bug."},
    ]


@pytest.mark.parametrize(
    "text", ["## [1.0.0]\n\n### New\n\n- One.\n", "## [1.0.0]\n\n- One.\n\n### Added\n\n- Two.\n"]
)
def test_a_change_without_a_kind_of_artifact_hub_is_refused(text: str) -> None:
    with pytest.raises(changelog.ChangelogError, match="is none of: added, changed"):
        changelog.changes(text, "1.0.0")


def test_the_annotation_joins_the_other_annotations() -> None:
    chart = "annotations:\n  a: b\n" + changelog.annotation(TEXT, "0.2.0")
    annotations = yaml.safe_load(chart)["annotations"]
    assert set(annotations) == {"a", "artifacthub.io/changes"}
    changes = yaml.safe_load(annotations["artifacthub.io/changes"])
    assert changes == changelog.changes(TEXT, "0.2.0")


def test_before_a_release_the_annotation_has_the_unreleased_changes() -> None:
    text = TEXT.replace("## [0.2.0] - 2026-02-03\n", "")
    assert changelog.annotation(text, "0.2.0") == changelog.annotation(TEXT, "0.2.0")


def test_our_own_changelog_can_be_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert changelog.annotation(text, "the next one")


@pytest.mark.parametrize(
    ("arguments", "status"), [(["notes", "nothing"], 1), (["notes"], 2), (["x", "1.0.0"], 2)]
)
def test_an_error_prints_nothing_on_stdout(
    arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert changelog.main(arguments) == status
    assert capsys.readouterr().out == ""
