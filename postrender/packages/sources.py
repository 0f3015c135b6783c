"""Streams of bytes that are only read forwards: parts of a file, and their unpacked content."""

from __future__ import annotations

import hashlib
import os
import zlib
from abc import ABC, abstractmethod
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError, reason
from postrender.packages.budget import unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

    from postrender.packages.budget import Allowance

_PIECE = 1 << 20
"""The bytes to hold in memory at a time."""

PACKED_PIECE = 16 << 10
"""The packed bytes to read at a time: zlib copies the unused bytes on each call."""

MEMBER_COST = 4096
"""The bytes that each gzip member costs, in order to limit the number of empty ones."""

GZIP_MAGIC = b"\x1f\x8b"

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

    def drain(self) -> None:
        """Read up to the end."""
        while self.read(_PIECE):
            pass

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

    def part(self, size: int, where: str) -> Callable[[], Range]:
        """Return a function that opens the next `size` bytes as a stream."""
        return partial(Range, self._descriptor, self._start + self.position, size, where)

    def at(self, position: int) -> Range:
        """Return the rest of this range from `position` on."""
        start, size = self._start + position, self.size - position
        return Range(self._descriptor, start, size, self.where)


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
        self.drain()
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
        self._pending = self._pending or self._packed.read(PACKED_PIECE)
        if not self._pending and not is_complete:
            raise self.truncated()
        if self._pending and is_complete:
            self._allowance.spend(MEMBER_COST, self.where)
            self._member = zlib.decompressobj(_GZIP)
        return bool(self._pending)


class UnpackedFile(Unpacked):
    """The unpacked content of a gzip file, of which parts can be read again."""

    def __init__(self, file: Range, limit: int) -> None:
        """Start at the beginning; at most `limit` bytes may be unpacked."""
        super().__init__(file, unpacked(limit))
        self._file = file
        self._limit = limit

    def part(self, size: int, where: str) -> Callable[[], Limited]:
        """Return a function that opens the next `size` bytes as a stream.

        It keeps the state of zlib at this place, about 40 KiB, so that nothing is unpacked twice
        to return to it.
        """
        place = self._copy()
        return lambda: Limited(place._copy(), size, where)  # noqa: SLF001  # of the same class

    def _copy(self) -> UnpackedFile:
        """Return an independent stream that continues here."""
        result = UnpackedFile(self._file.at(self._file.position - len(self._pending)), self._limit)
        result._member = self._member.copy()
        return result


class Limited(Source):
    """The next bytes of a stream."""

    def __init__(self, source: Source, size: int, where: str) -> None:
        """Start where `source` is, with `size` bytes to read."""
        super().__init__(where)
        self._source = source
        self._remainder = size

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; b"" only at the end."""
        piece = self._source.read(min(size, self._remainder)) if self._remainder else b""
        self._remainder -= len(piece)
        self.position += len(piece)
        return piece
