"""Finds short `ignore` patterns that match some files of a package directory, and no others."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from postrender.packages import gomatch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

_MOST_FILES = 10_000
"""The most files for which there are patterns: it bounds the time, and no package has so many."""

_MOST_PATTERNS = 100
"""The most patterns: each file of the directory is compared with each of them."""

_MOST_NAMES = 2
"""The most files of a folder with content that are named one by one: a star would also match
content that is added later."""


def patterns(excluded: Collection[str], others: Iterable[str]) -> dict[str, list[str]]:
    """Return patterns that match all `excluded` files and none of `others`.

    A pattern is the path of a file, or a folder with a star for each level below it.

    Args:
        excluded: The paths of files, relative to the package directory, with slashes.
        others: The paths of all other files of the package.

    Returns:
        The files that each pattern matches, by the sorted patterns; {} if there are too many files
        or patterns.
    """
    if len(excluded) > _MOST_FILES:
        return {}
    contents = sorted(others)
    by_depth: defaultdict[int, list[str]] = defaultdict(list)
    for name in contents:
        by_depth[name.count("/")].append(name)
    result: dict[str, list[str]] = {}
    groups = _grouped(excluded, lambda name: f"{name.count('/')} {name.partition('/')[0]}")
    while groups:
        group = groups.pop()
        folder = os.path.commonprefix(group).rpartition("/")[0]  # noqa: RUF071  # cut at a slash
        depth, level = group[0].count("/"), _level(folder)
        is_apart = not _has_below(contents, folder.partition("/")[0])
        if (
            folder
            and (is_apart or len(group) > _MOST_NAMES)
            and not _has_below(by_depth[depth], folder)
        ):
            result[gomatch.escape(folder) + "/*" * (depth - level + 1)] = group
        elif depth == level:
            result |= {gomatch.escape(name): [name] for name in group}
        else:
            groups += _grouped(group, partial(_step, level=level))
    return dict(sorted(result.items())) if len(result) <= _MOST_PATTERNS else {}


def _grouped(names: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[key(name)].append(name)
    return list(groups.values())


def _step(name: str, level: int) -> str:
    return name.split("/", level + 1)[level]


def _level(folder: str) -> int:
    """Return the number of path segments of a folder; 0 for the package directory."""
    return folder.count("/") + 1 if folder else 0


def _has_below(names: list[str], folder: str) -> bool:
    """Return whether one of the sorted names is in a folder, at any level."""
    start = f"{folder}/"
    index = bisect_left(names, start)
    return index < len(names) and names[index].startswith(start)
