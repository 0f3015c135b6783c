"""Version constraints, compared with the libraries that Crossplane uses."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Literal, TypedDict

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


def row(constraint: str, rules: constraints.Rules) -> str:
    """Return our answer for each version as in the vectors: 1 admitted, 0 refused, x no version."""
    range_ = constraints.parse(constraint, rules)
    if range_ is None:
        return ""
    versions = [constraints.version(text, rules) for text in VECTORS["versions"]]
    return "".join(
        "x" if version is None else str(int(range_.admits(version))) for version in versions
    )


@pytest.mark.parametrize(("rules", "library"), [("v1", "v1"), ("v3", "v3"), ("v3.5", "v3")])
def test_constraints_admit_the_same_versions_as_the_library(
    rules: constraints.Rules, library: Literal["v1", "v3"]
) -> None:
    assert len(VECTORS["constraints"]) > 300
    assert {"0", "1", "x"} <= set("".join(vector[library] for vector in VECTORS["constraints"]))
    wrong = [
        (vector["constraint"], row(vector["constraint"], rules), vector[library])
        for vector in VECTORS["constraints"]
        if row(vector["constraint"], rules) != vector[library]
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


@pytest.mark.parametrize(
    ("constraint", "proper"),
    [
        pytest.param(">=1" + " " * 509, "v1 v3 v3.5", id="512-characters"),
        pytest.param(">=1" + " " * 510, "v1 v3", id="513-characters"),
        pytest.param("1||" * 31 + "1", "v1 v3 v3.5", id="32-groups"),
        pytest.param("1||" * 32 + "1", "v1 v3", id="33-groups"),
        pytest.param("1.2.3-" + "a" * 250, "v1 v3 v3.5", id="a-version-of-256-characters"),
        pytest.param("1.2.3-" + "a" * 251, "v1 v3", id="a-version-of-257-characters"),
        pytest.param("v1.2-" + "a" * 250, "v1 v3 v3.5", id="an-open-version-of-256-characters"),
        pytest.param("v1.2-" + "a" * 251, "v1 v3", id="an-open-version-of-257-characters"),
        pytest.param("1.2.3+" + "a" * 251, "v1 v3", id="long-build-metadata"),
        pytest.param("1.x+" + "a" * 300, "v1 v3 v3.5", id="long-build-metadata-of-an-open-version"),
        pytest.param(">=v" + "9" * 5000, "", id="a-number-of-5000-digits"),
        pytest.param(">=v" + "0" * 5000 + "1", "v1 v3", id="a-number-with-5000-zeros"),
        pytest.param("1.2.3-" + "9" * 5000, "v1 v3", id="a-pre-release-of-5000-digits"),
        pytest.param("1.2.3-" + "0" * 5000, "v1", id="a-pre-release-of-5000-zeros"),
        pytest.param("*||v1 - 2", "v1 v3 v3.5", id="a-from-to-behind-bars"),
        pytest.param("1 || 2 - 3", "v1 v3 v3.5", id="a-from-to-behind-bars-and-a-blank"),
        pytest.param("1 - 2-a* - 3", "v3 v3.5", id="two-from-tos-without-a-blank"),
        pytest.param("1.2.3.4 - 5", "", id="a-from-to-within-a-word"),
        pytest.param("1 - 2 - 3", "", id="a-from-to-to"),
    ],
)
def test_long_and_odd_constraints_are_proper_as_in_the_library(
    constraint: str, proper: str
) -> None:
    rules = [rules for rules in constraints.RULES if constraints.parse(constraint, rules)]
    assert rules == proper.split()


HOSTILE = {
    "parts": "1 , " * 50_000 + "!",
    "commas": "," * 200_000,
    "blanks": ">=1" + " " * 200_000 + "!",
    "blanks before nothing": " " * 200_000 + "!",
    "blanks between parts": "1" + " " * 200_000 + ">=2",
    "bars": "|" * 200_000,
    "bars and blanks": "| " * 100_000,
    "dashes": "1-" * 100_000 + "*",
    "dots": "1." * 100_000,
    "identifiers": "1-" + "a." * 100_000,
    "from to": "1 - 2 " * 30_000,
    "from": "1 " * 100_000 + "- ",
    "groups": "1||" * 60_000 + "1",
    "digits": "9" * 200_000,
    "operators": "<>" * 100_000,
}


@pytest.mark.linux  # limits of CPU time and memory
@pytest.mark.parametrize("constraint", HOSTILE.values(), ids=HOSTILE)
def test_a_long_constraint_is_read_in_linear_time(constraint: str) -> None:
    script = (
        "import resource, sys\n"
        "from postrender.crossplane import constraints\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "text = sys.stdin.read()\n"
        "for rules in constraints.RULES:\n"
        "    constraints.parse(text, rules)\n"
        "    constraints.version(text, rules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], input=constraint.encode(), capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr
