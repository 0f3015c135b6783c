"""Patterns of files to ignore, as Go matches them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postrender import packages
from postrender.errors import DevcacheError
from postrender.packages import gomatch
from tests.shared.package_files import XRD, directory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TREE = ("a.yaml", "a/a.yaml", "a/b/a.yaml", "a/b/c.yaml", "b[1].yaml", "x-y.yaml")


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        pytest.param("a.yaml", TREE[1:], id="a name matches only at the root"),
        pytest.param("*/a.yaml", ("a.yaml", *TREE[2:]), id="a star matches one path segment"),
        pytest.param("a", TREE, id="a folder does not match its files"),
        pytest.param("a/", TREE, id="nor with a slash"),
        pytest.param("a/*", ("a.yaml", *TREE[2:]), id="a star matches the files of a folder"),
        pytest.param("*a", TREE, id="a star matches no folder"),
        pytest.param(".//a///b/./c.yaml", (*TREE[:3], *TREE[4:]), id="empty path segments"),
        pytest.param("x/../a/a.yaml", ("a.yaml", *TREE[2:]), id="a segment that is cancelled"),
        pytest.param("?.yaml", TREE[1:], id="a question mark matches one character"),
        pytest.param("a?a.yaml", TREE, id="a question mark does not match a slash"),
        pytest.param("[a-c].yaml", TREE[1:], id="a set"),
        pytest.param("[c-a].yaml", TREE, id="a reversed range is empty"),
        pytest.param("[^b-z].yaml", TREE[1:], id="a negated set"),
        pytest.param("[!b].yaml", TREE, id="an exclamation mark does not negate"),
        pytest.param("a[^x]b/*", (*TREE[:2], *TREE[4:]), id="a negated set matches a slash"),
        pytest.param(r"b\[1].yaml", (*TREE[:4], *TREE[5:]), id="a backslash escapes"),
        pytest.param(r"x[\-]y.yaml", TREE[:5], id="a backslash escapes in a set"),
        pytest.param("**/a.yaml", ("a.yaml", *TREE[2:]), id="two stars match like one star"),
        pytest.param("*[/a]*c.yaml", TREE, id="a star does not go back for the next one"),
        pytest.param("*-*.y*l", TREE[:5], id="several stars"),
        pytest.param("/a/a.yaml", ("a.yaml", *TREE[2:]), id="a slash at the start"),
        pytest.param("", TREE, id="nothing"),
    ],
)
def test_files_that_match_a_pattern_are_ignored(
    tmp_path: Path, pattern: str, files: Sequence[str]
) -> None:
    package = packages.read(directory(tmp_path, dict.fromkeys(TREE, XRD)), ignore=[pattern])
    assert sorted(member.file for member in package.members) == sorted(files)


@pytest.mark.parametrize("pattern", ["[", "[a", "[]", "[]a]", "[^]", "[a-]", "[-a]", "a\\", "x[\\"])
def test_a_bad_pattern_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(DevcacheError, match="bad pattern"):
        packages.read(directory(tmp_path, {}), ignore=[pattern])


@pytest.mark.parametrize("pattern", ["..", "../*", "a/../../root/a.yaml"])
def test_a_pattern_that_leads_outside_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(DevcacheError, match="leads out"):
        packages.read(directory(tmp_path, {}), ignore=[pattern])


@settings(max_examples=50)
@given(name=st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1))
def test_an_escaped_path_matches_only_itself(name: str) -> None:
    path = f"a/{name}.yaml"
    regex = gomatch.compile_pattern(gomatch.escape(path))
    assert regex.fullmatch(path)
    assert not regex.fullmatch(f"{path}x")


def test_an_escaped_path_that_is_not_utf_8_has_question_marks() -> None:
    assert gomatch.escape("a\udcff.yaml") == "a?.yaml"


@pytest.mark.linux  # a limit of CPU time
def test_a_pattern_of_many_stars_takes_no_exponential_time() -> None:
    script = (
        "import resource\n"
        "from postrender.packages import gomatch\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
        "assert not gomatch.compile_pattern('*a' * 50 + 'b').fullmatch('a' * 1000)\n"
        "assert gomatch.compile_pattern('*a' * 50 + '*b').fullmatch('a' * 1000 + 'b')\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
