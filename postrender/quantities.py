"""Converts Kubernetes quantities such as `20Mi` to bytes and back."""

from __future__ import annotations

import re

_QUANTITY = re.compile(
    r"([0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][0-9]{1,2}|[numkMGTPE]|[KMGTPE]i)?"
)

_SUFFIXES = {
    **{suffix: 1000**power for power, suffix in enumerate(("", "k", "M", "G", "T", "P", "E"))},
    **{f"{suffix}i": 1024**power for power, suffix in enumerate("KMGTPE", start=1)},
}

_FRACTIONS = {"m": 1000, "u": 1000**2, "n": 1000**3}

MEBIBYTE = 1024 * 1024


def in_bytes(quantity: str) -> int | None:
    """Return a quantity as bytes, rounded up, or None if the text is not a quantity.

    The grammar is that of Kubernetes (apimachinery pkg/api/resource/quantity.go), without a sign.
    Fractions of a byte (`m`, `u`, `n`) round up to one byte.
    """
    match = _QUANTITY.fullmatch(quantity)
    if not match:
        return None
    whole, _, fraction = match[1].partition(".")
    suffix = match[2] or ""
    numerator, denominator = int(whole + fraction), int("1" + "0" * len(fraction))
    if suffix in _FRACTIONS:
        denominator *= _FRACTIONS[suffix]
    elif suffix in _SUFFIXES:
        numerator *= _SUFFIXES[suffix]
    else:
        numerator *= int("1" + "0" * int(suffix[1:]))
    return -(-numerator // denominator)


def in_mebibytes(size: int) -> str:
    """Return a number of bytes as a quantity in whole Mi, rounded up."""
    return f"{-(-size // MEBIBYTE)}Mi"
