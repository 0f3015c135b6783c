"""The folders of the repository that tests read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout."""

DATA = ROOT / "tests" / "data"
"""Vectors from Crossplane's own code."""

GOLDEN = ROOT / "tests" / "golden"
"""Real rendered manifests, with the expected changes."""
