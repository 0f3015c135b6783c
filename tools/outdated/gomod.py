"""Read a go.mod, and the paths of the modules in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Module(NamedTuple):
    """A Go module in a version."""

    path: str
    version: str


class GoMod(NamedTuple):
    """The part of a go.mod that says what it builds.

    Attributes:
        packages: The packages of its `tool` lines.
        requirements: The version of each module that it requires, by path.
        direct: The paths of those that no comment calls indirect.
        replacements: The module that stands for another, by the path of the other. One in a folder
            has no version and does not count.
    """

    packages: tuple[str, ...]
    requirements: dict[str, str]
    direct: tuple[str, ...]
    replacements: dict[str, Module]

    def module_of(self, package: str) -> str:
        """Return the module that has a package: the longest path that the package begins with."""
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
    """Return the path of a module without its major version, e.g. of `example.org/program/v2`."""
    return re.sub(r"/v[0-9]+$", "", path)


def major_of(path: str) -> int:
    """Return the major version in the path of a module; versions 0 and 1 have none there, so 1."""
    suffix = path.removeprefix(base_of(path))
    return int(suffix.removeprefix("/v") or 1)


def next_major(path: str) -> str:
    """Return the path of a module's next major version."""
    return f"{base_of(path)}/v{major_of(path) + 1}"


def _directives(text: str) -> Iterator[list[str]]:
    """Yield the words of each directive; the lines of a block begin with the word before it."""
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
