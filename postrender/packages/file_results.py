"""The documents of each file of a directory, from earlier runs: only changed files are parsed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from postrender.packages import documents
from postrender.packages.budget import Allowance
from postrender.packages.documents import Document
from postrender.packages.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.errors import Refuse
    from postrender.packages.budget import Budget
    from postrender.packages.directory import File
    from postrender.result_cache import ResultCache

_LARGEST_PARSED = 1 << 20
"""The largest file in bytes that is checked for YAML errors: a larger one is generated."""


class _Span(NamedTuple):
    """The place of a document in its file, and its identity."""

    start: int
    end: int
    api_version: str
    kind: str
    name: str


class _FileResult(NamedTuple):
    """The result for the content of one file.

    Attributes:
        costs: The amounts that the file spends of the allowances; see `_allowances`.
        spans: The documents.
    """

    costs: tuple[int, int, int]
    spans: tuple[_Span, ...]


class FileResults:
    """The results for the files of one directory. A key depends only on the content of a file."""

    def __init__(self, cache: ResultCache, path: Path) -> None:
        """Load the results of the last run that accepted the directory at `path`."""
        self._cache = cache
        self._key = ("files", os.fsencode(os.path.realpath(path)).hex())
        dump = cache.get(*self._key)
        self._earlier = _load(dump) if dump else {}
        self._current: dict[str, _FileResult] = {}

    def documents(
        self, file: File, budget: Budget, *, where: str, refuse: Refuse
    ) -> Iterator[Document]:
        """Yield the documents of a file, and spend the same budget with and without a result.

        Args:
            file: The file.
            budget: The budget of the package.
            where: The file, for error messages.
            refuse: See `documents.split`. The caller stores no results after a refusal.

        Raises:
            DevcacheError: See `documents.split`.
        """
        is_small = len(file.content) <= _LARGEST_PARSED
        thorough = is_small and budget.parsed.admits(len(file.content))
        key = f"{file.digest.hex()} {'parsed' if thorough else 'scanned'}"
        result = self._earlier.get(key)
        allowances = _allowances(budget)
        if result and all(map(Allowance.admits, allowances, result.costs)):
            for allowance, cost in zip(allowances, result.costs, strict=True):
                allowance.spend(cost, where)
            for start, end, *identity in result.spans:
                yield Document(Identity(*identity), file.content[start:end], start)
        else:
            before = _remainders(budget)
            spans: list[_Span] = []
            for document in documents.split(
                file.content, budget, where=where, thorough=thorough, refuse=refuse
            ):
                end = document.start + len(document.text)
                spans.append(_Span(document.start, end, *document.identity))
                yield document
            after = _remainders(budget)
            costs = (before[0] - after[0], before[1] - after[1], before[2] - after[2])
            result = _FileResult(costs, tuple(spans))
        self._current[key] = result

    def store(self) -> None:
        """Store the results of this run in place of the earlier ones."""
        import json  # noqa: PLC0415  # the filter rarely needs it

        self._cache.put(json.dumps(self._current).encode(), *self._key)


def _allowances(budget: Budget) -> tuple[Allowance, Allowance, Allowance]:
    """Return the allowances that the documents of a file spend."""
    return budget.documents, budget.parsed, budget.nodes


def _remainders(budget: Budget) -> tuple[int, int, int]:
    """Return what is left of these allowances."""
    return budget.documents.remainder, budget.parsed.remainder, budget.nodes.remainder


def _load(dump: bytes) -> dict[str, _FileResult]:
    """Return stored results, or none if the content is something else."""
    import json  # noqa: PLC0415  # the filter rarely needs it

    try:
        return {
            key: _FileResult(
                (int(documents_), int(parsed), int(nodes)), tuple(_span(*span) for span in spans)
            )
            for key, ((documents_, parsed, nodes), spans) in json.loads(dump).items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _span(start: int, end: int, api_version: str, kind: str, name: str) -> _Span:
    """Return a stored span. Each field has its type, even if the stored values have others."""
    return _Span(int(start), int(end), str(api_version), str(kind), str(name))
