"""Unpacks zstd data; the library is only loaded for a layer that needs it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError
from postrender.packages.sources import MEMBER_COST, PACKED_PIECE, Source

try:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
except ImportError as error:  # Python can be built without it
    _problem = "this Python has no zstd library, which a layer of the package needs"
    raise DevcacheError(
        _problem, hint="install backports.zstd, or another build of Python"
    ) from error

if TYPE_CHECKING:
    from postrender.packages.budget import Allowance

_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 27}
"""The largest window in memory, as a power of two: that of `zstd --ultra -22`."""


class UnpackedZstd(Source):
    """The unpacked content of a zstd stream with one or more frames."""

    def __init__(self, packed: Source, allowance: Allowance) -> None:
        """Start at the beginning; unpacked bytes are spent from `allowance`."""
        super().__init__(packed.where)
        self._packed = packed
        self._allowance = allowance
        self._frame = zstd.ZstdDecompressor(options=_WINDOW)

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; b"" only at the end."""
        while True:
            pending = self._pending()
            if pending is None:
                return b""
            try:
                piece = self._frame.decompress(pending, size)
            except zstd.ZstdError as error:
                problem = "damaged zstd data"
                raise DevcacheError(problem, where=self.where) from error
            if piece:
                self._allowance.spend(len(piece), self.where)
                self.position += len(piece)
                return piece

    def _pending(self) -> bytes | None:
        """Return packed bytes for the current or the next frame, or None at the end."""
        if self._frame.eof:
            pending = self._frame.unused_data or self._packed.read(PACKED_PIECE)
            if not pending:
                return None
            self._allowance.spend(MEMBER_COST, self.where)
            self._frame = zstd.ZstdDecompressor(options=_WINDOW)
            return pending
        pending = self._packed.read(PACKED_PIECE) if self._frame.needs_input else b""
        if self._frame.needs_input and not pending:
            raise self.truncated()
        return pending
