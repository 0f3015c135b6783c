"""Ranges of versions, against the libraries that Crossplane uses."""

from __future__ import annotations

import json
from typing import TypedDict

import pytest

from postrender.crossplane import constraints, versions
from postrender.crossplane.target import Target
from tests.shared.paths import DATA

Vector = TypedDict("Vector", {"constraint": str, "v1": str, "v3": str})  # noqa: UP013  # beside Vectors


class Vectors(TypedDict):
    versions: list[str]
    constraints: list[Vector]


VECTORS: Vectors = json.loads((DATA / "semver-vectors.json").read_text())
"""What `tools/semver-vectors` prints: the real libraries, asked."""

each_rules = pytest.mark.parametrize("rules", ["v1", "v3"])


def row(constraint: str, rules: constraints.Rules) -> str:
    """Return what we say of each version, as the vectors do: 1 admitted, 0 not, x no version."""
    found = constraints.parse(constraint, rules)
    if found is None:
        return ""
    versions = [constraints.version(text, rules) for text in VECTORS["versions"]]
    return "".join("x" if one is None else str(int(found.admits(one))) for one in versions)


@each_rules
def test_every_version_is_admitted_or_not_as_by_the_library(rules: constraints.Rules) -> None:
    assert len(VECTORS["constraints"]) > 300
    assert {"0", "1", "x"} <= set("".join(one[rules] for one in VECTORS["constraints"]))
    wrong = [
        (one["constraint"], row(one["constraint"], rules), one[rules])
        for one in VECTORS["constraints"]
        if row(one["constraint"], rules) != one[rules]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("constraint", "tag", "old", "new"),
    [
        pytest.param(">=v0.1.0", "v0.2.0", True, True, id="within"),
        pytest.param(">=v0.1.0", "v0.0.0", False, False, id="the-default-tag-is-below"),
        pytest.param(">=v0.0.1", "v0.1.0-rc.1", False, False, id="no-pre-release-unasked"),
        pytest.param(">=v0.0.1-0", "v0.1.0-rc.1", True, True, id="a-pre-release-asked-for"),
        pytest.param(">=v0.1.0 <v1.0.0", "v0.2.0", None, True, id="a-blank-is-new"),
        pytest.param(">=1.0.0-0, <2.0.0", "1.1.0-rc.1", False, True, id="one-part-asks-for-all"),
        pytest.param("^0.2.3", "0.9.0", True, False, id="a-caret-below-1"),
        pytest.param("", "v0.1.0", None, None, id="nothing"),
    ],
)
def test_what_users_meet(constraint: str, tag: str, *, old: bool | None, new: bool | None) -> None:
    def said(version: versions.Version) -> bool | None:
        rules = Target.of(version, where="").constraint_rules
        found, tested = constraints.parse(constraint, rules), constraints.version(tag, rules)
        return found.admits(tested) if found and tested else None

    assert (said(versions.Version(1, 20)), said(versions.Version(2, 2))) == (old, old)
    assert (said(versions.Version(2, 3)), said(versions.Version(2, 4))) == (new, new)
