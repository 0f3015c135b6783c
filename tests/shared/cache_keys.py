"""The cache keys that Crossplane's own code computes from references."""

from __future__ import annotations

import json
from typing import TypedDict

from tests.shared.paths import DATA


class Row(TypedDict):
    """The results of Crossplane v2.1.3 and crossplane-runtime v2.3.3 for a reference."""

    package: str
    path_key: str
    le21_parse_ok: bool
    source: str
    identifier: str
    v2_admitted: bool
    strict_ok: bool
    ge22_parse_ok: bool
    digest: str
    digest_key: str


ROWS: list[Row] = json.loads((DATA / "cache-keys.json").read_text())
PARSED = [row for row in ROWS if row["le21_parse_ok"]]
REFUSED = [row for row in ROWS if not row["le21_parse_ok"]]
