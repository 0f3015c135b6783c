"""Patterns for some files of a directory: they match these files, and no others."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender.packages import covering, gomatch

CONTENT = ("crossplane.yaml", "apis/xrd.yaml", "apis/a/composition.yaml")


@pytest.mark.parametrize(
    ("excluded", "patterns"),
    [
        pytest.param(["mkdocs.yml", ".x.yaml"], [".x.yaml", "mkdocs.yml"], id="files of the root"),
        pytest.param([".github/workflows/ci.yaml"], [".github/workflows/*"], id="a folder apart"),
        pytest.param(
            [".github/workflows/ci.yaml", ".github/dependabot.yml"],
            [".github/*", ".github/workflows/*"],
            id="two levels",
        ),
        pytest.param(
            ["test/a/1.yaml", "test/b/1.yaml", "test/b/c/1.yaml"],
            ["test/*/*", "test/b/c/*"],
            id="folders with a common parent",
        ),
        pytest.param(
            ["apis/b/1.yaml", "apis/b/2.yaml"],
            ["apis/b/1.yaml", "apis/b/2.yaml"],
            id="few files beside content",
        ),
        pytest.param([f"apis/b/{n}.yaml" for n in "123"], ["apis/b/*"], id="many of a folder"),
        pytest.param(
            [f"apis/{folder}/{n}.yaml" for folder in "ab" for n in "123"],
            ["apis/a/1.yaml", "apis/a/2.yaml", "apis/a/3.yaml", "apis/b/*"],
            id="a folder with content and one without",
        ),
        pytest.param(["[a]*?.yaml"], [r"\[a]\*\?.yaml"], id="characters of patterns"),
        pytest.param([], [], id="none"),
        pytest.param([f"{n}.yaml" for n in range(101)], [], id="too many patterns"),
        pytest.param([f"a/{n}.yaml" for n in range(10_001)], [], id="too many files"),
    ],
)
def test_the_patterns_are_short(excluded: list[str], patterns: list[str]) -> None:
    assert list(covering.patterns(excluded, CONTENT)) == patterns


STEP = st.sampled_from(["a", "b", "*", "[", "\\", ".c"])
PATHS = st.lists(STEP, min_size=1, max_size=4).map(lambda steps: "/".join(steps) + ".yaml")


@given(st.dictionaries(PATHS, st.booleans(), max_size=50))
def test_the_patterns_match_all_of_the_files_and_no_others(files: dict[str, bool]) -> None:
    excluded = {path for path, is_excluded in files.items() if is_excluded}
    patterns = covering.patterns(excluded, files.keys() - excluded)
    regexes = [gomatch.compile_pattern(pattern) for pattern in patterns]
    matches = [[path for path in files if regex.fullmatch(path)] for regex in regexes]
    assert sorted(chain(*matches)) == sorted(excluded)
    assert [sorted(names) for names in patterns.values()] == list(map(sorted, matches))
