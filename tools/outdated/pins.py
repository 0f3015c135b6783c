"""Reads the pins of this project: the versions of external programs, packages and images."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

import yaml

from tools.outdated import gomod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Source(NamedTuple):
    """The source of the versions of a program or package.

    Attributes:
        registry: The registry of Go modules, the registry of Python packages, or GitHub.
        name: The module, the package, or `owner/repository`.
    """

    registry: Literal["go", "pypi", "github"]
    name: str


class Pin(NamedTuple):
    """A version in a file of this project.

    Attributes:
        source: The source of newer versions.
        version: The version in the notation of its source.
        file: The file, relative to the root of the checkout.
        line: The release line that the pin stays in, such as `2.4`, or "".
        is_program: Whether tools/build.sh builds it, so that the report lists its new lines.
    """

    source: Source
    version: str
    file: str
    line: str = ""
    is_program: bool = False


class Manual(NamedTuple):
    """A pin whose newest version a person must look up.

    Attributes:
        name: The pin, with its version.
        file: The file, relative to the root of the checkout.
        page: The page with the newest version.
    """

    name: str
    file: str
    page: str


CHART = "charts/crossplane-devcache/Chart.yaml"
CONSTRAINTS = ("constraints.txt", "tools/ansible/constraints.txt")

_CROSSPLANE = "github.com/crossplane/crossplane"

_CLI = f"{_CROSSPLANE}/v2/cmd/crank"
_CLI_LINE = "2.2"
_CLI_PAGE = "https://github.com/crossplane/cli/releases"
"""The CLI of Crossplane moved to its own repository after this line."""

_PAGES = (
    (r"image: +((?:docker\.io/library/)?([a-z-]+):\S+)", "https://hub.docker.com/_/{}/tags"),
    (r"runs-on: +(([a-z]+)\S+)", "https://github.com/actions/runner-images"),
)
"""Regular expressions for pins in YAML, each with its page; group 2 is the name in the page."""


def read(root: Path) -> list[Pin]:
    """Return the pins whose source a program can query.

    Args:
        root: The root of the checkout.
    """
    pins: list[Pin] = []
    for path in _go_mods(root):
        pins += of_go_mod(path.read_text(), _relative(path, root))
    pins += of_chart((root / CHART).read_text())
    for file in CONSTRAINTS:
        pins += of_constraints((root / file).read_text(), file)
    for path in _workflows(root):
        pins += of_workflow(path.read_text(), _relative(path, root))
    return pins


def read_manual(root: Path) -> list[Manual]:
    """Return the pins that a person must look up.

    Args:
        root: The root of the checkout.
    """
    pins = [
        Manual(_CLI, _relative(path, root), _CLI_PAGE)
        for path in _go_mods(root)
        if _CLI in gomod.parse(path.read_text()).packages
    ]
    for path in [root / CHART, *_workflows(root)]:
        pins += of_images(path.read_text(), _relative(path, root))
    return pins


def of_go_mod(text: str, file: str) -> Iterator[Pin]:
    """Yield the pins of a go.mod: the module of each program, and the replacements.

    A go.mod without a `tool` line belongs to a program of this project, whose direct requirements
    are the pins.

    Args:
        text: The text of the go.mod.
        file: The path of the go.mod. In a folder like `crossplane-2.4` the program stays in that
            line.
    """
    contents = gomod.parse(text)
    line = _CLI_LINE if _CLI in contents.packages else ""
    if folder := re.search(r"-([0-9]+\.[0-9]+)/go\.mod$", file):
        line = folder[1]
    programs = list(dict.fromkeys(contents.module_of(package) for package in contents.packages))
    for path in programs or contents.direct:
        name, version = contents.replacements.get(path, (path, contents.requirements[path]))
        yield Pin(Source("go", name), version, file, line, is_program=path in programs)
    for path, (name, version) in contents.replacements.items():
        # The staging modules of Kubernetes belong to it: v0.34.5 is a part of v1.34.5.
        is_staging = path.startswith("k8s.io/") and "k8s.io/kubernetes" in contents.requirements
        if path not in programs and not is_staging:
            follows = version.startswith(f"v{line}.")
            yield Pin(Source("go", name), version, file, line if follows else "")


def of_chart(text: str) -> Iterator[Pin]:
    """Yield the pin of the upstream chart, which has the version of Crossplane's Go module.

    Args:
        text: The text of our chart's Chart.yaml.
    """
    for dependency in yaml.safe_load(text)["dependencies"]:
        version = dependency["version"]
        module = f"{_CROSSPLANE}/v{version.partition('.')[0]}".removesuffix("/v1")
        yield Pin(Source("go", module), f"v{version}", CHART)


def of_constraints(text: str, file: str) -> Iterator[Pin]:
    """Yield the pins of a constraints file.

    Args:
        text: The text of the file, with lines `NAME==VERSION` and comments.
        file: The path of the file.
    """
    for name, version in re.findall(r"^([^#=\s]+)==(\S+)", text, re.MULTILINE):
        yield Pin(Source("pypi", name), version, file)


def of_workflow(text: str, file: str) -> Iterator[Pin]:
    """Yield the actions of a workflow, each once.

    Args:
        text: The text of the workflow. An action pinned by a commit has its version in a comment.
        file: The path of the workflow.
    """
    actions = re.findall(r"uses: +([\w-]+/[\w.-]+)[^@\s]*@(\S+)(?: +# *(\S+))?", text)
    for name, reference, comment in dict.fromkeys(actions):
        yield Pin(Source("github", name), comment or reference, file)


def of_images(text: str, file: str) -> Iterator[Manual]:
    """Yield the images of Docker Hub and the runners in a chart or workflow, each once.

    Args:
        text: The text of the YAML file.
        file: The path of the file.
    """
    for expression, page in _PAGES:
        for name, short in dict.fromkeys(re.findall(expression, text)):
            yield Manual(name, file, page.format(short))


def _go_mods(root: Path) -> list[Path]:
    return sorted([*root.glob("tools/*/go.mod"), *root.glob("examples/*/go.mod")])


def _workflows(root: Path) -> list[Path]:
    files = [*root.glob(".github/workflows/*.yaml"), *root.glob(".github/actions/*/action.yaml")]
    return sorted(files)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
