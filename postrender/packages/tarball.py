"""Reads the members of a tar file, only forwards and within limits, even on hostile input.

The standard `tarfile` module parses the headers. Its `TarFile` is not used: on hostile input it
seeks backwards (CVE-2025-8194), recurses, reads extended headers of any size, matches them in
quadratic time (CVE-2024-6232), and mistakes a damaged header for the end of the file.
"""

from __future__ import annotations

import re
import tarfile
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.packages.budget import Budget
    from postrender.packages.sources import Source

_LONGEST_EXTENSION = 1 << 20
"""The largest extended header in bytes: a path has at most 4096, an extended attribute 64 Ki."""

_PAX = frozenset((tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE))
_EXTENSIONS = _PAX | {tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}
_WITHOUT_DATA = frozenset(
    (
        tarfile.LNKTYPE,
        tarfile.SYMTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.DIRTYPE,
        tarfile.FIFOTYPE,
    )
)
_PAX_RECORD = re.compile(rb"(\d{1,7}) ([^=\n]{1,512})=")
_PAX_SIZE = re.compile(r"\d{1,15}", re.ASCII)
_END = bytes(tarfile.BLOCKSIZE)


def members(source: Source, budget: Budget) -> Iterator[tarfile.TarInfo]:
    """Yield the members in order, each with its `name`, `type`, `linkname`, `size`, `offset_data`.

    Until the next member is requested, the next `size` bytes of `source` are the content. As in
    Go's reader, an end-of-archive mark is optional, and nothing after it is read.

    Args:
        source: The tar file.
        budget: The budget for headers, including extended ones.

    Raises:
        DevcacheError: The source is not a tar file, is truncated or damaged, or exceeds a limit.
    """
    extension: dict[str, str] = {}
    while True:
        block = source.up_to(tarfile.BLOCKSIZE)
        if block == _END or (not block and source.position):
            return
        budget.headers.spend(1, source.where)
        member = _header(block, source)
        if member.type in _EXTENSIONS:
            extension.update(_extension(member, source, budget))
            source.skip(-member.size % tarfile.BLOCKSIZE)
            continue
        member = _extend(member, extension, source)
        extension = {}
        end = source.position + member.size + -member.size % tarfile.BLOCKSIZE
        yield member
        source.skip(end - source.position)


def _header(block: bytes, source: Source) -> tarfile.TarInfo:
    start = source.position - len(block)
    if not block:
        problem = "is empty"
        raise DevcacheError(problem, where=source.where, hint="copy or build the file again")
    if start and len(block) < tarfile.BLOCKSIZE:
        raise source.truncated()
    try:
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError, OverflowError) as error:
        problem, hint = f"damaged tar header at byte {start}", ""
        if not start:
            problem = "not a tar archive, unlike a package file and its layers"
            hint = "name an .xpkg file, or the directory of crossplane.yaml"
        raise DevcacheError(problem, where=source.where, hint=hint) from error
    return _check(member, source)


def _check(member: tarfile.TarInfo, source: Source) -> tarfile.TarInfo:
    if member.type == tarfile.GNUTYPE_SPARSE:
        problem = "sparse members are not supported"
        raise DevcacheError(problem, where=source.where)
    if member.size < 0:
        problem = f"damaged tar header before byte {source.position}: negative size"
        raise DevcacheError(problem, where=source.where)
    if member.type in _WITHOUT_DATA:
        member.size = 0
    return member


def _extend(member: tarfile.TarInfo, extension: dict[str, str], source: Source) -> tarfile.TarInfo:
    member.offset_data = source.position
    member.name = extension.get("path", member.name)
    member.linkname = extension.get("linkpath", member.linkname)
    if "size" in extension:
        member.size = int(extension["size"])
    return _check(member, source)


def _extension(header: tarfile.TarInfo, source: Source, budget: Budget) -> dict[str, str]:
    """Return the fields of an extended header, for the next member."""
    if header.size > _LONGEST_EXTENSION:
        problem = f"has an extended tar header of {header.size} bytes"
        raise DevcacheError(problem, where=source.where)
    budget.extensions.spend(header.size, source.where)
    content = source.exactly(header.size)
    if header.type == tarfile.GNUTYPE_LONGNAME:
        return {"path": _text(content.partition(b"\0")[0])}
    if header.type == tarfile.GNUTYPE_LONGLINK:
        return {"linkpath": _text(content.partition(b"\0")[0])}
    # A global header applies to all members; Go's reader ignores it as well.
    return dict(_pax_fields(content, source, budget)) if header.type in _PAX else {}


def _pax_fields(content: bytes, source: Source, budget: Budget) -> Iterator[tuple[str, str]]:
    """Yield the relevant pax records: each is `<length> <key>=<value>` and a newline."""
    start = 0
    while start < len(content) and content[start]:
        budget.records.spend(1, source.where)
        record = _PAX_RECORD.match(content, start)
        end = start + int(record[1]) if record else 0
        if record is None or not record.end() < end <= len(content):
            raise _damaged_pax(source)
        key, value = _text(record[2]), _text(content[record.end() : end - 1])
        if key.startswith("GNU.sparse."):
            problem = "sparse members are not supported"
            raise DevcacheError(problem, where=source.where)
        if key == "size" and not _PAX_SIZE.fullmatch(value):
            raise _damaged_pax(source)
        if key in {"path", "linkpath", "size"}:
            yield key, value
        start = end


def _damaged_pax(source: Source) -> DevcacheError:
    problem = f"damaged extended tar header before byte {source.position}"
    return DevcacheError(problem, where=source.where)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
