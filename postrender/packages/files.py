"""The files of an archive or of an OCI layout in a folder, by name, without extracting them."""

from __future__ import annotations

import os
import posixpath
from abc import ABC, abstractmethod
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import DevcacheError
from postrender.packages import disk, tarball
from postrender.packages.sources import GZIP_MAGIC, Hashed, Range, UnpackedFile

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from postrender.packages.budget import Budget
    from postrender.packages.sources import Source

_LARGEST_ARCHIVE = 16 << 30
"""The largest archive in bytes. A sparse file can claim any size, and each layer is hashed."""

_LARGEST_UNPACKED = 4 << 30
"""The largest archive in bytes, unpacked, that is compressed as a whole."""

_MOST_MEMBERS = 10_000
_LONGEST_NAME = 4096
"""The limits of the names of members, which stay in memory."""

_MOST_PACKED_FILES = 1000
"""The most files in an archive that is compressed as a whole: each keeps 40 KiB in memory."""

_LARGEST_JSON = 2 << 20
"""The largest JSON file in bytes."""


class StoredFile(NamedTuple):
    """A file in an archive or a folder."""

    name: str
    """Its name, after links are resolved: files with the same name are the same."""

    where: str
    """The file, for error messages."""

    size: int
    open: Callable[[], Source]
    """Opens a new stream of the content."""

    def sha256(self) -> str:
        """Return `sha256:<hex>` of the content."""
        content = Hashed(self.open())
        content.skip(self.size)
        return content.sha256()

    def small(self) -> bytes:
        """Return the content of a JSON file.

        Raises:
            DevcacheError: It has more than 2 MiB.
        """
        if self.size > _LARGEST_JSON:
            problem = f"has {self.size} bytes, more than the limit of {_LARGEST_JSON}"
            raise DevcacheError(problem, where=self.where)
        return self.open().exactly(self.size)


class Files(ABC):
    """The files of an archive or a folder, which stays open.

    Attributes:
        where: The archive or the folder, for error messages.
        noun: `archive` or `layout`.
    """

    where: str
    noun: str

    @abstractmethod
    def has(self, name: str) -> bool:
        """Return whether there is a file or a link of this name."""

    @abstractmethod
    def file(self, name: str) -> StoredFile:
        """Return a file.

        Raises:
            DevcacheError: There is no regular file of this name.
        """

    def layer(self, name: str) -> StoredFile:
        """Return the file of a layer, which may be a link: `docker save` links equal layers."""
        return self.file(name)

    def place(self, name: str) -> str:
        """Return a file, for error messages."""
        return f"{self.where}: {disk.title(name)}"

    def missing(self, name: str) -> DevcacheError:
        """Return the refusal of files without this one."""
        problem = f"is not in the {self.noun}"
        hint = "check that the file is complete, and that it is a package"
        return DevcacheError(problem, where=self.place(name), hint=hint)


class _Member(NamedTuple):
    """A member of an archive."""

    header: tarfile.TarInfo
    open: Callable[[], Source]


class _Archive(Files):
    """The members of a tar archive."""

    noun = "archive"

    def __init__(self, where: str, members: dict[str, _Member]) -> None:
        self.where = where
        self._members = members

    def has(self, name: str) -> bool:
        return name in self._members

    def file(self, name: str) -> StoredFile:
        return self._stored(posixpath.normpath(name), name)

    def layer(self, name: str) -> StoredFile:
        header = self._member(name).header
        if header.issym():
            return self._stored(posixpath.join(posixpath.dirname(name), header.linkname), name)
        return self._stored(header.linkname if header.islnk() else name, name)

    def _stored(self, target: str, name: str) -> StoredFile:
        """Return the file `target`, which messages call `name`."""
        header, open_ = self._member(target)
        if not header.isreg():
            problem = "is a link or not a regular file"
            raise DevcacheError(problem, where=self.place(name))
        return StoredFile(posixpath.normpath(target), self.place(name), header.size, open_)

    def _member(self, name: str) -> _Member:
        member = self._members.get(posixpath.normpath(name))
        if member is None:
            raise self.missing(name)
        return member


class _Folder(Files):
    """The files of a folder, each of which is opened on use."""

    noun = "layout"

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.where = disk.title(path)
        self._path = path
        self._stack = stack

    def has(self, name: str) -> bool:
        return os.path.lexists(self._path / name)

    def file(self, name: str) -> StoredFile:
        try:
            descriptor, size = self._stack.enter_context(disk.open_file(self._path / name))
        except DevcacheError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise self.missing(name) from error
            raise
        place = self.place(name)
        return StoredFile(name, place, size, Range(descriptor, 0, size, place).part(size, place))


@contextmanager
def open_archive(path: Path, budget: Budget) -> Iterator[Files]:
    """Open the tar archive at `path`, which may be compressed with gzip as a whole.

    Yields:
        The members of the archive.

    Raises:
        DevcacheError: The file cannot be read, is not an archive, is damaged, or exceeds a limit.
    """
    with disk.open_file(path) as (descriptor, size):
        file = Range(descriptor, 0, size, disk.title(path))
        if file.size > _LARGEST_ARCHIVE:
            problem = f"is larger than {_LARGEST_ARCHIVE >> 30} GiB"
            raise DevcacheError(problem, where=file.where)
        is_packed = file.at(0).up_to(len(GZIP_MAGIC)) == GZIP_MAGIC
        source = UnpackedFile(file, _LARGEST_UNPACKED) if is_packed else file
        yield _Archive(file.where, _members(source, budget))


@contextmanager
def open_folder(path: Path) -> Iterator[Files]:
    """Open the folder at `path`, and close its files at the end of the context."""
    with ExitStack() as stack:
        yield _Folder(path, stack)


def _members(source: Range | UnpackedFile, budget: Budget) -> dict[str, _Member]:
    members: dict[str, _Member] = {}
    files = 0
    for number, header in enumerate(tarball.members(source, budget)):
        if number == _MOST_MEMBERS:
            problem = f"has more than {_MOST_MEMBERS} members"
            raise DevcacheError(problem, where=source.where)
        if max(len(header.name), len(header.linkname)) > _LONGEST_NAME:
            problem = f"has a member with a name of more than {_LONGEST_NAME} characters"
            raise DevcacheError(problem, where=source.where)
        name = posixpath.normpath(header.name)
        if name in members:  # of members with the same name, go-containerregistry reads the first
            continue
        files += header.isreg()
        if files > _MOST_PACKED_FILES and isinstance(source, UnpackedFile):
            problem = f"is compressed as a whole, and has more than {_MOST_PACKED_FILES} files"
            raise DevcacheError(problem, where=source.where, hint="gunzip it")
        place = f"{source.where}: {disk.title(name)}"
        members[name] = _Member(header, source.part(header.size, place))
    if isinstance(source, UnpackedFile):
        source.drain()  # its checksum is at the end
    return members
