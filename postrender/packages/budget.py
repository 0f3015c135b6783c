"""Limits the work and the memory for one package, however its bytes are cut up."""

from __future__ import annotations

from postrender.errors import DevcacheError

_UNPACKED = 2 << 30
"""The unpacked bytes of all layers that are searched for package.yaml."""

_HEADERS = 200_000
"""The tar headers of the archive and of these layers: the largest runtimes have fewer files."""

_EXTENSIONS = 64 << 20
"""The bytes of all extended tar headers."""

_RECORDS = 1_000_000
"""The records in extended tar headers: most files have none, others up to ten."""

_ENTRIES = 1_000_000
"""The files and folders in a package directory, whether they belong to the package or not."""

_DOCUMENTS = 100_000
"""The documents in all files, and empty files: the largest provider has about 2000."""

_PARSED = 32 << 20
"""The bytes of all documents that are parsed, and not only scanned."""

_NODES = 3_000_000
"""The nodes of all parsed documents. Usual YAML has about 30,000 in a MiB."""


class Allowance:
    """The number of bytes or items that a package may still have.

    Attributes:
        remainder: The number.
    """

    def __init__(self, limit: int, problem: str) -> None:
        """Allow `limit` bytes or items; `problem` is that of a package with more."""
        self.remainder = limit
        self._problem = problem

    def admits(self, amount: int) -> bool:
        """Return whether so much may still be spent."""
        return amount <= self.remainder

    def spend(self, amount: int, where: str) -> None:
        """Spend an amount, or refuse `where` if there is not so much left."""
        self.remainder -= amount
        if self.remainder < 0:
            raise DevcacheError(self._problem, where=where)


class Budget:
    """The allowances of one package."""

    def __init__(self) -> None:
        """Allow all that one package may have."""
        self.unpacked = unpacked(_UNPACKED)
        self.headers = Allowance(_HEADERS, f"has more than {_HEADERS} members")
        self.extensions = Allowance(
            _EXTENSIONS, f"has more than {_EXTENSIONS >> 20} MiB of extended tar headers"
        )
        self.records = Allowance(
            _RECORDS, f"has more than {_RECORDS} records in extended tar headers"
        )
        self.entries = Allowance(_ENTRIES, f"has more than {_ENTRIES} files and folders")
        self.documents = Allowance(_DOCUMENTS, f"more than {_DOCUMENTS} documents")
        self.parsed = Allowance(_PARSED, f"more than {_PARSED >> 20} MiB of YAML to parse")
        self.nodes = Allowance(_NODES, f"more than {_NODES} nodes of YAML to parse")


def unpacked(limit: int) -> Allowance:
    """Return the allowance of so many unpacked bytes: it stops gzip bombs."""
    return Allowance(limit, f"unpacks to more than {limit >> 20} MiB")
