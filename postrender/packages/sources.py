"""Streams of bytes that are only read forwards: a range of a file, and its unpacked content."""

from __future__ import annotations

import hashlib
import os
import zlib
from abc import ABC, abstractmethod
from io import BytesIO
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError, reason

if TYPE_CHECKING:
    from postrender.packages.budget import Allowance

_PIECE = 1 << 20
"""The bytes to hold in memory at a time."""

_PACKED_PIECE = 16 << 10
"""The packed bytes to read at a time: zlib copies the unused bytes on each call."""

_GZIP_MEMBER_COST = 4096
"""The bytes that each gzip member costs, in order to limit the number of empty ones."""

_GZIP = 31
"""The `wbits` with which zlib reads one gzip member and checks its CRC."""


class Source(ABC):
    """A stream that is only read forwards.

    Attributes:
        where: The stream, for error messages.
        position: The number of bytes that were read or skipped.
    """

    def __init__(self, where: str) -> None:
        """Start at the beginning."""
        self.where = where
        self.position = 0

    @abstractmethod
    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; b"" only at the end."""

    def skip(self, size: int) -> None:
        """Skip `size` bytes, or raise a `DevcacheError` if there are fewer."""
        while size:
            size -= len(self._piece(min(size, _PIECE)))

    def up_to(self, size: int) -> bytes:
        """Return `size` bytes, or all bytes up to the end if there are fewer."""
        content = BytesIO()
        while content.tell() < size:
            piece = self.read(min(size - content.tell(), _PIECE))
            if not piece:
                break
            content.write(piece)
        return content.getvalue()

    def exactly(self, size: int) -> bytes:
        """Return `size` bytes, or raise a `DevcacheError` if there are fewer."""
        content = self.up_to(size)
        if len(content) < size:
            raise self.truncated()
        return content

    def truncated(self) -> DevcacheError:
        """Return the refusal of a stream that ends too early."""
        problem = f"is truncated after byte {self.position}"
        return DevcacheError(problem, where=self.where, hint="copy or build the file again")

    def _piece(self, size: int) -> bytes:
        piece = self.read(size)
        if not piece:
            raise self.truncated()
        return piece


class Range(Source):
    """A range of an open file. Several ranges can read the same file at once."""

    def __init__(self, descriptor: int, start: int, size: int, where: str) -> None:
        """Start at the byte `start` of the file, with `size` bytes to read."""
        super().__init__(where)
        self._descriptor = descriptor
        self._start = start
        self.size = size

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; b"" only at the end."""
        size = min(size, self.size - self.position)
        try:
            piece = os.pread(self._descriptor, size, self._start + self.position)
        except OSError as error:
            problem = f"cannot be read: {reason(error)}"
            raise DevcacheError(problem, where=self.where) from error
        self.position += len(piece)
        return piece

    def skip(self, size: int) -> None:
        """Skip `size` bytes without reading them."""
        if size > self.size - self.position:
            raise self.truncated()
        self.position += size

    def sha256(self) -> str:
        """Read up to the end, and return `sha256:<hex>` of these bytes."""
        digest = hashlib.sha256()
        while self.position < self.size:
            digest.update(self._piece(_PIECE))
        return f"sha256:{digest.hexdigest()}"


class Hashed(Source):
    """A stream whose bytes are hashed when they are read."""

    def __init__(self, source: Source) -> None:
        """Start at the beginning of a stream, of which nothing was read yet."""
        super().__init__(source.where)
        self._source = source
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; b"" only at the end."""
        piece = self._source.read(size)
        self._digest.update(piece)
        self.position += len(piece)
        return piece

    def sha256(self) -> str:
        """Read up to the end, and return `sha256:<hex>` of all bytes of the stream."""
        while self.read(_PIECE):
            pass
        return f"sha256:{self._digest.hexdigest()}"


class Unpacked(Source):
    """The unpacked content of a gzip stream with one or more members."""

    def __init__(self, packed: Source, allowance: Allowance) -> None:
        """Start at the beginning; unpacked bytes are spent from `allowance`."""
        super().__init__(packed.where)
        self._packed = packed
        self._allowance = allowance
        self._pending = b""
        self._member = zlib.decompressobj(_GZIP)

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; b"" only at the end."""
        while self._prepare():
            try:
                piece = self._member.decompress(self._pending, size)
            except zlib.error as error:
                problem = "damaged gzip data"
                raise DevcacheError(problem, where=self.where) from error
            self._pending = self._member.unused_data or self._member.unconsumed_tail
            if piece:
                self._allowance.spend(len(piece), self.where)
                self.position += len(piece)
                return piece
        return b""

    def _prepare(self) -> bool:
        """Read packed bytes for the current or the next member; return False at the end."""
        is_complete = self._member.eof
        self._pending = self._pending or self._packed.read(_PACKED_PIECE)
        if not self._pending and not is_complete:
            raise self.truncated()
        if self._pending and is_complete:
            self._allowance.spend(_GZIP_MEMBER_COST, self.where)
            self._member = zlib.decompressobj(_GZIP)
        return bool(self._pending)
