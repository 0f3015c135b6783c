"""Proposes patterns of `ignore` for the files of a package directory that are no content."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from postrender import packages, result_cache
from postrender.crossplane import kinds
from postrender.packages import covering, directory, forms, metadata
from postrender.packages.budget import Budget
from postrender.packages.contents import documents_of
from postrender.packages.file_results import FileResults

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from postrender.packages import Package
    from postrender.packages.documents import DocumentError
    from postrender.packages.identity import Identity
    from postrender.result_cache import ResultCache

_MOST_KINDS = 3
"""The most kinds that a reason lists."""


class Exclusion(NamedTuple):
    """A proposed pattern of `ignore`.

    Attributes:
        pattern: The pattern.
        reason: The contents of the files that it matches, or "".
    """

    pattern: str
    reason: str


def read(
    path: Path, ignore: Sequence[str] = (), cache: ResultCache = result_cache.NO_CACHE
) -> tuple[Package, tuple[Exclusion, ...]]:
    """Return the package at `path`, and the patterns that leave out what is not part of it.

    Args:
        path: A package on disk.
        ignore: The patterns that apply already; they are not among those that are returned.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: See `packages.read`.
    """
    proposed = propose(path, ignore, cache)
    patterns = [*ignore, *(exclusion.pattern for exclusion in proposed)]
    return packages.read(path, ignore=patterns, cache=cache), proposed


def propose(
    path: Path, ignore: Sequence[str], cache: ResultCache = result_cache.NO_CACHE
) -> tuple[Exclusion, ...]:
    """Return patterns for the files of a package directory that are not part of the package.

    These are files without Kubernetes objects, and files with only objects that no Crossplane
    admits in any package. A file that may be content with an error is never among them: a file with
    broken YAML, or with an object of a group or kind that packages have.

    Args:
        path: A package directory; a file has no such patterns.
        ignore: The patterns that apply already.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: The directory cannot be read.
    """
    if forms.kind_of(path) != "directory":
        return ()
    budget = Budget()
    bad: dict[str, DocumentError] = {}
    objects: defaultdict[str, dict[Identity, None]] = defaultdict(dict)
    files = directory.read(path, ignore, budget)
    results = FileResults(cache, path)
    for name, _, document in documents_of(files, path, budget, bad, results):
        objects[name][document.identity] = None
    content = {name for name in objects if not all(map(_is_foreign, objects[name]))}
    content |= {name for name, refusal in bad.items() if refusal.is_broken}
    if not any(metadata.is_meta(identity) for name in content for identity in objects[name]):
        return ()  # the directory is not a package
    foreign = (objects.keys() | bad.keys()) - content
    return tuple(
        Exclusion(
            pattern, _reason(identity for name in names for identity in objects.get(name, ()))
        )
        for pattern, names in covering.patterns(foreign, content).items()
    )


def _is_foreign(identity: Identity) -> bool:
    return kinds.is_foreign(identity.api_version, identity.kind)


def _reason(objects: Iterable[Identity]) -> str:
    """Return the reason to leave out files with these objects."""
    names = sorted({identity.kind for identity in objects})
    if not names:
        return "no Kubernetes objects"
    more = f" and {len(names) - _MOST_KINDS} more kinds" if len(names) > _MOST_KINDS else ""
    return f"no package may hold {', '.join(names[:_MOST_KINDS])}{more}"
