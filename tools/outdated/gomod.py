"""Parses a go.mod and the module paths in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Module(NamedTuple):
    """A version of a Go module."""

    path: str
    version: str


class GoMod(NamedTuple):
    """The tools, requirements and replacements of a go.mod.

    Attributes:
        packages: The packages of its `tool` lines.
        requirements: The version of each required module, by path.
        direct: The paths of the required modules without the comment `indirect`.
        replacements: The module that replaces another, by the path of the replaced module. A
            replacement in a folder has no version and does not count.
    """

    packages: tuple[str, ...]
    requirements: dict[str, str]
    direct: tuple[str, ...]
    replacements: dict[str, Module]

    def module_of(self, package: str) -> str:
        """Return the module of a package: the longest module path that is a prefix of it."""
        paths = [path for path in self.requirements if f"{package}/".startswith(f"{path}/")]
        return max(paths, key=len)


def parse(text: str) -> GoMod:
    """Return the contents of a go.mod."""
    packages: list[str] = []
    requirements: dict[str, str] = {}
    direct: list[str] = []
    replacements: dict[str, Module] = {}
    for directive in _directives(text):
        match directive:
            case ["tool", package]:
                packages.append(package)
            case ["require", path, version, *comment]:
                requirements[path] = version
                direct += [] if "indirect" in comment else [path]
            case ["replace", old, "=>", new, version] | ["replace", old, _, "=>", new, version]:
                replacements[old] = Module(new, version)
            case _:
                pass
    return GoMod(tuple(packages), requirements, tuple(direct), replacements)


def base_of(path: str) -> str:
    """Return a module path without its major version: `program` for `program/v2`."""
    return re.sub(r"/v[0-9]+$", "", path)


def major_of(path: str) -> int:
    """Return the major version in a module path, or 1 if there is none, as for versions 0 and 1."""
    suffix = path.removeprefix(base_of(path))
    return int(suffix.removeprefix("/v") or 1)


def next_major(path: str) -> str:
    """Return the path of the next major version of a module."""
    return f"{base_of(path)}/v{major_of(path) + 1}"


def _directives(text: str) -> Iterator[list[str]]:
    """Yield the words of each directive; each line of a block begins with the word of the block."""
    block: list[str] = []
    for line in text.splitlines():
        match line.split():
            case [] | ["//", *_]:
                pass
            case [")"]:
                block = []
            case [keyword, "("]:
                block = [keyword]
            case words:
                yield [*block, *words]
