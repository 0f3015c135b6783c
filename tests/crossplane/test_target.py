"""The rules of the Crossplane version that packages are for."""

from __future__ import annotations

import pytest

from postrender.crossplane.target import Target
from postrender.crossplane.versions import Version


@pytest.mark.parametrize(
    ("version", "rules", "digests"),
    [
        ((1, 14), "v1", False),
        ((1, 17), "v1", False),
        ((1, 18), "v1", True),
        ((2, 2), "v1", True),
        ((2, 3), "v3", True),
        ((2, 4), "v3.5", True),
    ],
)
def test_the_rules_for_the_version_of_a_dependency(
    version: tuple[int, int] | tuple[int, int, int], rules: str, *, digests: bool
) -> None:
    target = Target.of(Version(*version), where="")
    assert (target.constraint_rules, target.pins_digests) == (rules, digests)
