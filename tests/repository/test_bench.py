"""The benchmark measures only peers with the same output."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from tests.bench import kustomize

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

SAME: AbstractContextManager[object] = nullcontext()
REFUSED = pytest.raises(SystemExit, match="are not those of the filter")

FILTERED = """\
# Source: templates/one.yaml
{kind: One, spec: {list: [{a: 1, b: null}, {c: 2}], medium: }}
---
{kind: List, items: [{kind: Two}, {kind: Three}]}
"""


@pytest.mark.parametrize(
    ("peers", "result"),
    [
        pytest.param(FILTERED, SAME, id="the same text"),
        pytest.param(
            "kind: One\nspec:\n  list:\n  - a: 1\n  - c: 2\n---\nkind: Two\n---\nkind: Three\n",
            SAME,
            id="without fields that the API server ignores",
        ),
        pytest.param(
            FILTERED.replace("{a: 1, b: null}, {c: 2}", "{c: 2}, {a: 1}"), REFUSED, id="order"
        ),
        pytest.param(FILTERED.replace("a: 1", "a: '1'"), REFUSED, id="another type"),
        pytest.param(FILTERED.replace("{kind: Two}, ", ""), REFUSED, id="an object less"),
        pytest.param("", REFUSED, id="nothing"),
    ],
)
def test_a_peer_with_other_objects_is_not_measured(
    tmp_path: Path, peers: str, result: AbstractContextManager[object]
) -> None:
    filtered, kustomized = tmp_path / "filtered.yaml", tmp_path / "kustomized.yaml"
    filtered.write_text(FILTERED)
    kustomized.write_text(peers)
    with result:
        kustomize.require_same(["cat"], filtered, [["cat", str(kustomized)]])
