"""Golden cases: real rendered manifests, and the expected changes to the byte."""

from __future__ import annotations

import base64
import difflib
import hashlib
import lzma
import re
import textwrap
from typing import TYPE_CHECKING

import pytest

from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.payload import contents
from tests.shared import manifests
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = GOLDEN
CASES = sorted((path.parent.name, path.stem[-1]) for path in FOLDER.glob("*/input-helm?.yaml"))


def config(case: Path, rendered: str) -> devcache.DevCache | None:
    if "kind: DevCache" in rendered:
        return None
    path = case / "config.yaml" if (case / "config.yaml").exists() else FOLDER / "devcache.yaml"
    return devcache.load(path.read_text(), where=path.name)


def unpacked(modified: str) -> str:
    """Return the manifests with the sha256 of each package.yaml in place of the packed package.

    The packed bytes and their sums in the index depend on the version of liblzma. The sums are
    checked here, and also replaced. The script has its own tests, and is cut.
    """

    def unpack(match: re.Match[str]) -> str:
        packed = base64.b64decode(match[2])
        content = hashlib.sha256(lzma.decompress(packed)).hexdigest()
        line = f"{hashlib.sha256(packed).hexdigest()} {content} {match[1]}.xz "
        assert line in modified, "the index has both sums"
        replaced.append(line)
        return f"  {match[1]}.xz: xz of {content}"

    replaced: list[str] = []
    text = re.sub(r"^  ([a-z0-9-]+)\.xz: ([A-Za-z0-9+/=]+)$", unpack, modified, flags=re.MULTILINE)
    script = textwrap.indent(contents.script(), "    ")
    text = text.replace(re.sub("^ +$", "", script, flags=re.MULTILINE), "    (the file)\n")
    for line in replaced:
        text = text.replace(line, f"sha256-of-xz {line.partition(' ')[2]}")
    return text


@pytest.mark.parametrize(("name", "major"), CASES)
def test_real_manifests_are_modified_as_expected(
    name: str, major: str, pytestconfig: pytest.Config
) -> None:
    case = FOLDER / name
    rendered = (case / f"input-helm{major}.yaml").read_text()
    declared = config(case, rendered)
    if (case / "errors.txt").exists():
        with pytest.raises(DevcacheError) as refused:
            manifests.modified(rendered, declared, FOLDER)
        for line in (case / "errors.txt").read_text().splitlines():
            assert re.search(line, str(refused.value)), line
        return
    modified = manifests.modified(rendered, declared, FOLDER)
    lines = difflib.unified_diff(
        rendered.splitlines(keepends=True), unpacked(modified).splitlines(keepends=True), n=2
    )
    diff = "".join(lines).replace("--- \n+++ \n", "", 1)
    golden = case / f"expected-helm{major}.diff"
    if pytestconfig.getoption("--update"):
        golden.write_text(diff)
    assert diff == golden.read_text()
    assert manifests.modified(modified, declared, FOLDER) == modified or declared is None
    assert manifests.modified(modified, None, FOLDER) == modified


def test_all_cases_are_collected() -> None:
    assert len(CASES) >= 50
