"""Quantities of bytes, as Kubernetes reads them."""

from __future__ import annotations

import pytest

from postrender import quantities


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("0", 0),
        ("20Mi", 20 << 20),
        ("1.5Gi", 3 << 29),
        (".5k", 500),
        ("2.", 2),
        ("1e3", 1000),
        ("1.25E2", 125),
        ("1E", 10**18),
        ("1100m", 2),
        ("1.1", 2),
        ("1n", 1),
        ("", None),
        (".", None),
        ("-1", None),
        ("1MiB", None),
        ("1e", None),
    ],
)
def test_a_quantity_in_bytes_is_rounded_up(quantity: str, expected: int | None) -> None:
    assert quantities.in_bytes(quantity) == expected
