"""Kubernetes quantities as bytes, e.g. `20Mi`."""

from __future__ import annotations

import re

_QUANTITY = re.compile(
    r"([0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][0-9]{1,2}|[numkMGTPE]|[KMGTPE]i)?"
)

_SUFFIXES = {
    **{suffix: 1000**power for power, suffix in enumerate(("", "k", "M", "G", "T", "P", "E"))},
    **{f"{suffix}i": 1024**power for power, suffix in enumerate("KMGTPE", start=1)},
}

MEBIBYTE = 1024 * 1024


def in_bytes(quantity: str) -> int | None:
    """Return a quantity of bytes, rounded up, or None if it is none.

    Kubernetes' grammar (apimachinery pkg/api/resource/quantity.go) without a sign; fractions of a
    byte (`m`, `u`, `n`) round up to one.
    """
    found = _QUANTITY.fullmatch(quantity)
    if not found:
        return None
    from fractions import Fraction  # noqa: PLC0415  # costs start-up time, and few runs need it

    number, suffix = Fraction(found[1].rstrip(".") or "0"), found[2] or ""
    if suffix in {"n", "u", "m"}:
        factor = Fraction(1, 1000 ** (1 + "mun".index(suffix)))
    elif suffix not in _SUFFIXES:
        factor = Fraction(10) ** int(suffix[1:])
    else:
        factor = Fraction(_SUFFIXES[suffix])
    return -int(-number * factor // 1)


def in_mebibytes(size: int) -> str:
    """Return a number of bytes as a quantity in whole Mi, rounded up."""
    return f"{-(-size // MEBIBYTE)}Mi"
