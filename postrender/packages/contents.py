"""Identifies the documents in the files of a package directory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from postrender.packages import disk, documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from postrender.errors import DevcacheError
    from postrender.packages import directory
    from postrender.packages.budget import Budget
    from postrender.packages.documents import Document, DocumentError
    from postrender.packages.file_results import FileResults


def documents_of(
    files: Iterable[directory.File],
    path: Path,
    budget: Budget,
    bad: dict[str, DocumentError],
    results: FileResults,
) -> Iterator[tuple[str, str, Document]]:
    """Yield the documents of the files of a package directory.

    Args:
        files: The files.
        path: The directory.
        budget: The budget of the package.
        bad: Receives the first refusal in each file, preferably of a broken document.
        results: The results of earlier runs.

    Yields:
        The name of the file, its title, and the document.

    Raises:
        DevcacheError: The files exceed the budget.
    """
    for file in files:
        where = disk.title(path / file.name)
        refuse = partial(_collect, bad, file.name)
        for document in results.documents(file, budget, where=where, refuse=refuse):
            yield file.name, where, document


def _collect(bad: dict[str, DocumentError], name: str, refusal: DevcacheError) -> None:
    first = bad.get(name)
    if isinstance(refusal, documents.DocumentError) and (
        first is None or refusal.is_broken > first.is_broken
    ):
        bad[name] = refusal
