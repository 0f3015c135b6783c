"""The files in the code blocks of the documentation, which tests run as a reader would."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FRONT_ENDS = ROOT / "docs" / "front-ends.md"


def file(name: str, page: Path = FRONT_ENDS) -> str:
    """Return the code block whose first line is a comment with the name of the file.

    Args:
        name: The name, such as `helmfile.yaml`. Exactly one block of the page has it.
        page: The Markdown file.
    """
    [block] = re.findall(rf"```\w+\n(# {re.escape(name)}\n.*?)```", page.read_text(), re.DOTALL)
    return str(block)
