"""Version constraints, compared with the libraries that Crossplane uses."""

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
"""The output of `tools/semver-vectors`, which calls the real libraries."""

both_rules = pytest.mark.parametrize("rules", ["v1", "v3"])


def row(constraint: str, rules: constraints.Rules) -> str:
    """Return our answer for each version as in the vectors: 1 admitted, 0 refused, x no version."""
    range_ = constraints.parse(constraint, rules)
    if range_ is None:
        return ""
    versions = [constraints.version(text, rules) for text in VECTORS["versions"]]
    return "".join(
        "x" if version is None else str(int(range_.admits(version))) for version in versions
    )


@both_rules
def test_constraints_admit_the_same_versions_as_the_library(rules: constraints.Rules) -> None:
    assert len(VECTORS["constraints"]) > 300
    assert {"0", "1", "x"} <= set("".join(vector[rules] for vector in VECTORS["constraints"]))
    wrong = [
        (vector["constraint"], row(vector["constraint"], rules), vector[rules])
        for vector in VECTORS["constraints"]
        if row(vector["constraint"], rules) != vector[rules]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("constraint", "tag", "old", "new"),
    [
        pytest.param(">=v0.1.0", "v0.2.0", True, True, id="within"),
        pytest.param(">=v0.1.0", "v0.0.0", False, False, id="the-default-tag-is-below"),
        pytest.param(">=v0.0.1", "v0.1.0-rc.1", False, False, id="no-pre-release-by-default"),
        pytest.param(">=v0.0.1-0", "v0.1.0-rc.1", True, True, id="a-pre-release-by-the-suffix--0"),
        pytest.param(">=v0.1.0 <v1.0.0", "v0.2.0", None, True, id="a-blank-between-parts-is-new"),
        pytest.param(">=1.0.0-0, <2.0.0", "1.1.0-rc.1", False, True, id="a-suffix-in-one-part"),
        pytest.param("^0.2.3", "0.9.0", True, False, id="a-caret-below-1"),
        pytest.param("", "v0.1.0", None, None, id="nothing"),
    ],
)
def test_common_constraints_by_crossplane_version(
    constraint: str, tag: str, *, old: bool | None, new: bool | None
) -> None:
    def admits(version: versions.Version) -> bool | None:
        rules = Target.of(version, where="").constraint_rules
        range_, tested = constraints.parse(constraint, rules), constraints.version(tag, rules)
        return range_.admits(tested) if range_ and tested else None

    assert (admits(versions.Version(1, 20)), admits(versions.Version(2, 2))) == (old, old)
    assert (admits(versions.Version(2, 3)), admits(versions.Version(2, 4))) == (new, new)


MANY = "9" * 5000
"""More digits than Python converts to a number."""


@both_rules
@pytest.mark.parametrize("tag", [f"v{MANY}", f"v1.2.{MANY}", f"v1.{MANY}.3-rc.1"])
def test_a_version_with_a_number_of_5000_digits_is_no_version(
    rules: constraints.Rules, tag: str
) -> None:
    assert constraints.version(tag, rules) is None
    assert constraints.parse(f">={tag}", rules) is None


@both_rules
def test_a_number_of_5000_digits_in_a_pre_release_ranks_above_small_ones(
    rules: constraints.Rules,
) -> None:
    range_ = constraints.parse(">=1.0.0-2", rules)
    large = constraints.version(f"1.0.0-{MANY}", rules)
    assert range_
    assert large
    assert range_.admits(large)


@both_rules
def test_zeros_before_a_number_do_not_change_it(rules: constraints.Rules) -> None:
    zeros = constraints.version(f"v{'0' * 5000}1.0.0", rules)
    assert zeros == constraints.version("1.0.0", rules)
