"""Bytes that are only read forwards: a range of a file, and what such a range unpacks to."""

from __future__ import annotations

import hashlib
import os
import zlib
from abc import ABC, abstractmethod
from io import BytesIO

from postrender.errors import DevcacheError

_PIECE = 1 << 20
"""Bytes that are in memory at a time, where not all of them are wanted."""

_PACKED_PIECE = 16 << 10
"""Packed bytes that are read at a time: zlib copies what it has not used of them."""

_GZIP_MEMBER_COST = 4096
"""What one gzip member takes from the allowance, in bytes: a flood of empty ones ends too."""

_GZIP = 31
"""The `wbits` with which zlib reads one gzip member and checks its CRC."""


class Allowance:
    """How many bytes may still be unpacked: what stops a gzip bomb, in any number of layers."""

    def __init__(self, size: int) -> None:
        """Allow `size` bytes."""
        self._size = size
        self._left = size

    def spend(self, size: int, where: str) -> None:
        """Take `size` bytes, or refuse `where` because nothing is left."""
        self._left -= size
        if self._left < 0:
            problem = f"unpacks to more than {self._size >> 20} MiB"
            raise DevcacheError(problem, where=where)


class Source(ABC):
    """A stream without a way back.

    Attributes:
        where: What messages call it.
        position: How many bytes were read or skipped.
    """

    def __init__(self, where: str) -> None:
        """Stand at the beginning."""
        self.where = where
        self.position = 0

    @abstractmethod
    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, and none only at the end."""

    def skip(self, size: int) -> None:
        """Go on by `size` bytes; a `DevcacheError` when there are fewer."""
        while size:
            size -= len(self._some(min(size, _PIECE)))

    def up_to(self, size: int) -> bytes:
        """Return `size` bytes, or what is left of them at the end."""
        content = BytesIO()
        while content.tell() < size:
            piece = self.read(min(size - content.tell(), _PIECE))
            if not piece:
                break
            content.write(piece)
        return content.getvalue()

    def exactly(self, size: int) -> bytes:
        """Return `size` bytes; a `DevcacheError` when there are fewer."""
        content = self.up_to(size)
        if len(content) < size:
            raise self.truncated()
        return content

    def truncated(self) -> DevcacheError:
        """Return the refusal of a stream that ends too early."""
        problem = f"truncated: ends after {self.position} bytes"
        return DevcacheError(problem, where=self.where)

    def _some(self, size: int) -> bytes:
        piece = self.read(size)
        if not piece:
            raise self.truncated()
        return piece


class Range(Source):
    """A range of an open file. Several may read the same file: each has its own position."""

    def __init__(self, descriptor: int, start: int, size: int, where: str) -> None:
        """Stand at the byte `start` of the file; `size` bytes follow."""
        super().__init__(where)
        self._descriptor = descriptor
        self._start = start
        self.size = size

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, and none only at the end."""
        wanted = min(size, self.size - self.position)
        try:
            piece = os.pread(self._descriptor, wanted, self._start + self.position)
        except OSError as error:
            problem = f"cannot be read: {(error.strerror or 'input error').lower()}"
            raise DevcacheError(problem, where=self.where) from error
        self.position += len(piece)
        return piece

    def skip(self, size: int) -> None:
        """Go on by `size` bytes without reading them."""
        if size > self.size - self.position:
            raise self.truncated()
        self.position += size

    def sha256(self) -> str:
        """Return `sha256:<hex>` of all that follows, which leaves nothing to read."""
        digest = hashlib.sha256()
        while self.position < self.size:
            digest.update(self._some(_PIECE))
        return f"sha256:{digest.hexdigest()}"


class Unpacked(Source):
    """What a gzip stream unpacks to, of one or of many gzip members."""

    def __init__(self, packed: Source, allowance: Allowance) -> None:
        """Stand at the beginning; everything that is unpacked is taken from `allowance`."""
        super().__init__(packed.where)
        self._packed = packed
        self._allowance = allowance
        self._pending = b""
        self._member = zlib.decompressobj(_GZIP)

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, and none only at the end."""
        while self._begin_member():
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

    def _begin_member(self) -> bool:
        """Make packed bytes ready for the current or the next member; false at the end of all."""
        ended = self._member.eof
        self._pending = self._pending or self._packed.read(_PACKED_PIECE)
        if not self._pending and not ended:
            raise self.truncated()
        if self._pending and ended:
            self._allowance.spend(_GZIP_MEMBER_COST, self.where)
            self._member = zlib.decompressobj(_GZIP)
        return bool(self._pending)
