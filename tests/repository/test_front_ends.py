"""The page on front-ends is complete, and its files are well-formed."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.shared import documented

TEXT = documented.FRONT_ENDS.read_text()

SECTIONS = {
    title.lower().replace(" ", "-"): text
    for title, text in re.findall(r"^## (.+)\n((?:(?!## ).*\n)+)", TEXT, re.MULTILINE)
}
"""The text of each section, by the anchor of its title."""


def test_the_table_names_each_section() -> None:
    rows = re.findall(r"^\| .+\[.+\]\(#([a-z-]+)\) \|$", TEXT, re.MULTILINE)
    assert rows == list(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_says_what_was_tried_or_read(section: str) -> None:
    assert re.search(r"^(Tried|Read): .*\d", SECTIONS[section], re.MULTILINE)


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
def test_a_yaml_block_is_well_formed(block: str) -> None:
    assert yaml.safe_load(block)
