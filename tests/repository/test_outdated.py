"""Outdated pins: the pins of this project, compared with their registries."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.cli import display
from tests.shared.paths import ROOT
from tools.outdated import findings, pins, registries, versions
from tools.outdated.findings import Line
from tools.outdated.pins import Manual, Pin, Source
from tools.outdated.registries import Output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


CROSSPLANE = "github.com/crossplane/crossplane/v2"
RUNTIME = "github.com/crossplane/crossplane-runtime/v2"
KUBERNETES = "k8s.io/kubernetes"
HELM = "helm.sh/helm/v4"

REFUSED = "403 Forbidden"
UNREACHABLE = "dial tcp: connection refused"


def go(module: str, version: str, folder: str, line: str = "", *, is_program: bool = True) -> Pin:
    return Pin(Source("go", module), version, f"tools/{folder}/go.mod", line, is_program)


@pytest.mark.parametrize(
    ("folder", "text", "expected"),
    [
        pytest.param(
            "helm4",
            f"module x\n\ntool {HELM}/cmd/helm\n\nrequire (\n"
            f"\t{HELM} v4.3.2 // indirect\n\thelm.sh v1.0.0 // indirect\n)\n",
            [go(HELM, "v4.3.2", "helm4")],
            id="the-longest-module-that-contains-the-program",
        ),
        pytest.param(
            "crossplane-2.4",
            f"replace {RUNTIME} => {RUNTIME} v2.4.0\n"
            f"tool {CROSSPLANE}/cmd/crossplane\nrequire {CROSSPLANE} v2.4.2 // indirect\n",
            [
                go(CROSSPLANE, "v2.4.2", "crossplane-2.4", "2.4"),
                go(RUNTIME, "v2.4.0", "crossplane-2.4", "2.4", is_program=False),
            ],
            id="the-line-of-the-folder-and-of-a-replacement",
        ),
        pytest.param(
            "kubernetes-1.34",
            "tool (\n\tk8s.io/kubernetes/cmd/kubectl\n\tk8s.io/kubernetes/cmd/kubelet\n)\n"
            "require (\n\tk8s.io/kubernetes v1.34.4 // indirect\n)\n"
            "replace (\n\tk8s.io/api => k8s.io/api v0.34.4\n)\n",
            [go(KUBERNETES, "v1.34.4", "kubernetes-1.34", "1.34")],
            id="two-programs-of-one-module-and-no-staging-modules",
        ),
        pytest.param(
            "engine",
            "require example.org/a v0.7.3\nrequire k8s.io/kubernetes v1.23.1 // indirect\n"
            "replace (\n\tk8s.io/apiserver => k8s.io/apiserver v0.23.1\n)\n",
            [go("example.org/a", "v0.7.3", "engine", is_program=False)],
            id="no-staging-modules-of-a-dependency",
        ),
        pytest.param(
            "function",
            "replace example.org/a => example.org/b v0.6.0\ntool example.org/a\n"
            "require example.org/a v0.0.0 // indirect\n",
            [go("example.org/b", "v0.6.0", "function")],
            id="a-replacement-of-the-program",
        ),
        pytest.param(
            "unittest",
            "tool example.org/a\nrequire example.org/a v1.1.2 // indirect\n"
            "replace example.org/b v0.3.2 => example.org/c v0.4.0\n"
            "replace example.org/d => ../d\n",
            [
                go("example.org/a", "v1.1.2", "unittest"),
                go("example.org/c", "v0.4.0", "unittest", is_program=False),
            ],
            id="a-replacement-of-one-version-and-one-in-a-folder",
        ),
        pytest.param(
            "crossplane",
            f"tool {CROSSPLANE}/cmd/crank\nrequire {CROSSPLANE} v2.2.1 // indirect\n",
            [go(CROSSPLANE, "v2.2.1", "crossplane", "2.2")],
            id="the-last-line-that-has-the-cli",
        ),
        pytest.param(
            "vectors",
            "require (\n\texample.org/a v1.5.0\n\texample.org/b v0.1.0 // indirect\n)\n",
            [go("example.org/a", "v1.5.0", "vectors", is_program=False)],
            id="direct-requirements-of-a-program-of-this-project",
        ),
    ],
)
def test_the_pins_of_a_go_mod(folder: str, text: str, expected: list[Pin]) -> None:
    assert list(pins.of_go_mod(text, f"tools/{folder}/go.mod")) == expected


@pytest.mark.parametrize(
    ("version", "module"),
    [
        pytest.param("2.4.2", CROSSPLANE, id="major-in-the-path"),
        pytest.param("1.20.13", CROSSPLANE.removesuffix("/v2"), id="no-major-in-the-path"),
    ],
)
def test_the_upstream_chart_has_the_version_of_the_module(version: str, module: str) -> None:
    chart = yaml.safe_dump({"dependencies": [{"name": "crossplane", "version": version}]})
    assert list(pins.of_chart(chart)) == [Pin(Source("go", module), f"v{version}", pins.CHART)]


def test_the_pins_of_constraints() -> None:
    text = "# Pins==all\nanyio==4.16.0\nbackports.tarfile==1.2.0\n"
    assert [(pin.source.name, pin.version) for pin in pins.of_constraints(text, "a.txt")] == [
        ("anyio", "4.16.0"),
        ("backports.tarfile", "1.2.0"),
    ]


def test_the_pins_of_a_workflow() -> None:
    text = """\
jobs:
  all:
    runs-on: ubuntu-24.04
    container:
      image: debian:bookworm
    steps:
      - uses: actions/checkout@0123456789abcdef # v7.0.1
      - uses: actions/checkout@0123456789abcdef # v7.0.1
      - uses: owner/repository/folder@v1.2.3
      - uses: ./.github/actions/local
"""
    actions = [(pin.source, pin.version) for pin in pins.of_workflow(text, "ci.yaml")]
    assert actions == [
        (Source("github", "actions/checkout"), "v7.0.1"),
        (Source("github", "owner/repository"), "v1.2.3"),
    ]
    assert [(pin.name, pin.page) for pin in pins.of_images(text, "ci.yaml")] == [
        ("debian:bookworm", "https://hub.docker.com/_/debian/tags"),
        ("ubuntu-24.04", "https://github.com/actions/runner-images"),
    ]


def test_every_file_with_a_pin_is_read() -> None:
    files = {pin.file for pin in pins.read(ROOT)}
    go_mods = [*ROOT.glob("tools/*/go.mod"), *ROOT.glob("examples/*/go.mod")]
    workflows = ROOT.glob(".github/**/*.yaml")
    expected = {path.relative_to(ROOT).as_posix() for path in [*go_mods, *workflows]}
    assert files == expected | {pins.CHART, *pins.CONSTRAINTS}


def test_every_program_of_a_tool_line_is_among_the_pins() -> None:
    programs = {pin.file for pin in pins.read(ROOT) if pin.is_program}
    with_tool = [path for path in ROOT.glob("*/*/go.mod") if "\ntool " in path.read_text()]
    assert programs == {path.relative_to(ROOT).as_posix() for path in with_tool}


def test_the_folder_of_a_line_pins_a_version_of_that_line() -> None:
    of_lines = [pin for pin in pins.read(ROOT) if pin.line]
    assert all(pin.version.startswith(f"v{pin.line}.") for pin in of_lines)


def test_all_python_packages_and_actions_are_among_the_pins() -> None:
    names = [pin.source.name for pin in pins.read(ROOT) if pin.source.registry == "pypi"]
    lines = [line for file in pins.CONSTRAINTS for line in (ROOT / file).read_text().splitlines()]
    assert len(names) == len([line for line in lines if not line.startswith("#")])
    workflows = "".join(path.read_text() for path in ROOT.glob(".github/**/*.yaml"))
    actions = {pin.source.name for pin in pins.read(ROOT) if pin.source.registry == "github"}
    assert actions == set(re.findall(r"uses: ([^@.\s]+)@", workflows))


def test_the_image_of_the_copier_is_listed_for_a_manual_check() -> None:
    assert pins.CHART in [pin.file for pin in pins.read_manual(ROOT) if "busybox:" in pin.name]


def test_pre_commit_hooks_have_no_versions_of_their_own() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert {repository["repo"] for repository in hooks["repos"]} == {"local"}


@pytest.mark.parametrize(
    ("texts", "line", "expected"),
    [
        pytest.param("v1.9.0 v1.10.0", "", "v1.10.0", id="numbers-not-text"),
        pytest.param("v2.3.9 v2.4.0 v2.30.1", "2.3", "v2.3.9", id="of-a-line"),
        pytest.param("v2.4.0", "2.3", "", id="no-version-of-a-line"),
        pytest.param("v2.4.0 v2.4.1-rc.1", "", "v2.4.0", id="no-release-candidate-of-go"),
        pytest.param("v1.37.2 v1.38.0-beta.0", "", "v1.37.2", id="no-beta-of-go"),
        pytest.param("1.0 2.0rc1 2.0.dev3", "", "1.0", id="no-pre-release-of-python"),
        pytest.param("1.0 1.0.post1", "", "1.0.post1", id="post-release-of-python"),
        pytest.param("v0.1.0 v0.1.1-0.20250730220209-c306b1c8b181", "", "v0.1.0", id="no-commit"),
        pytest.param(
            "v9.1.0+incompatible v10.0.0+incompatible", "", "v10.0.0+incompatible", id="+"
        ),
        pytest.param("v4 release/v5 main v3.1.0", "3.1", "v3.1.0", id="no-other-tags"),
        pytest.param("", "", "", id="no-versions"),
    ],
)
def test_the_newest_release(texts: str, line: str, expected: str) -> None:
    assert versions.newest(texts.split(), line) == expected


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [
        pytest.param("v2.4.2", "v2.4.0", True, id="newer"),
        pytest.param("v2.4.0", "v2.4.0", False, id="the-same"),
        pytest.param("v2.4.0", "v2.4.2", False, id="older"),
        pytest.param("v1.0.0", "v1.0.0-rc.1", True, id="the-release-of-a-candidate"),
        pytest.param("v0.1.1", "v0.1.1-0.20250730220209-c306b1c8b181", True, id="after-a-commit"),
        pytest.param("v2.0.0", "main", False, id="no-version"),
        pytest.param("", "v1.0.0", False, id="unknown"),
    ],
)
def test_versions_are_compared(version: str, than: str, expected: bool) -> None:  # noqa: FBT001  # a table
    assert versions.is_newer(version, than) is expected


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        pytest.param("v2.4.0", "v2.4.0", id="nothing-new"),
        pytest.param("v2.4.1", "v2.4.1", id="next-patch"),
        pytest.param("v2.4.2", "v2.4.2", id="a-missing-version"),
        pytest.param("v2.4.5 v2.4.10 v2.4.15", "v2.4.15", id="gap-after-gap"),
        pytest.param("v2.4.6", "v2.4.0", id="a-gap-too-large"),
        pytest.param("v2.5.0 v2.5.3", "v2.5.3", id="next-line"),
        pytest.param("v2.5.1", "v2.5.1", id="next-line-without-its-first-release"),
        pytest.param("v2.6.0 v2.8.0", "v2.8.0", id="line-after-line"),
        pytest.param("v2.4.1-rc.1", "v2.4.0", id="no-pre-release"),
    ],
)
def test_a_probe_finds_unlisted_versions(available: str, expected: str) -> None:
    def lookup(candidates: list[str]) -> set[str]:
        return set(candidates) & set(available.split())

    assert versions.newest(versions.probe([], ["v2.4.0"], lookup)) == expected


def test_a_probe_covers_the_line_of_each_pin() -> None:
    def lookup(candidates: list[str]) -> set[str]:
        return set(candidates) & {"v1.18.4", "v1.19.1", "v1.20.14"}

    releases = versions.probe(["v1.19.0"], ["v1.18.3", "v1.20.13"], lookup)
    assert releases == {"v1.18.3", "v1.18.4", "v1.19.0", "v1.20.13", "v1.20.14"}


def test_no_version_is_looked_up_twice() -> None:
    candidates: list[str] = []

    def lookup(batch: list[str]) -> list[str]:
        candidates.extend(batch)
        return [version for version in batch if version in {"v2.4.2", "v2.5.0"}]

    versions.probe([], ["v2.4.0"], lookup)
    assert len(candidates) == len(set(candidates))


@dataclass(frozen=True)
class Registries:
    """Registries, as go, pip and git report them."""

    lists: Mapping[str, str] = field(default_factory=dict)
    """The listed versions of each Go module, or an error."""

    modules: str = ""
    """Each `module@version` that the registry serves."""

    names: str = ""
    """Each `module@version` that the registry knows without a checksum."""

    error: str = REFUSED
    """The error for all other modules."""

    packages: Mapping[str, str] = field(default_factory=dict)
    """The versions of each Python package, the newest first."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """The versions of the installed Python packages."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """The tags of each repository."""

    def run(self, command: list[str]) -> Output:
        """Return the output of the command."""
        match command:
            case ["go", "list", "-m", "-versions", "-f", _, module]:
                listing = self.lists.get(module, REFUSED)
                is_error = listing in (REFUSED, UNREACHABLE)
                return Output("", listing) if is_error else Output("\n".join(listing.split()))
            case ["go", "list", "-m", "-e", "-f", _, *queries]:
                return Output("".join(map(self._single, queries)))
            case [_, "-m", "pip", *_, "list", state, "--exclude-editable", "--format", "json"]:
                return Output(json.dumps(self._packages(state)))
            case [_, "-m", "pip", *_, "index", "versions", "--json", name]:
                texts = self.packages.get(name, "").split()
                error = "" if texts else f"ERROR: No matching distribution found for {name}"
                return Output(json.dumps({"versions": texts}), error)
            case ["git", "ls-remote", "--tags", "--refs", url]:
                tags = self.tags.get(url.removeprefix("https://github.com/"), "").split()
                error = "" if tags else "Could not resolve host: github.com"
                return Output("".join(f"0123abc\trefs/tags/{tag}\n" for tag in tags), error)
            case _:
                message = f"no such command: {command}"
                raise AssertionError(message)

    def _single(self, query: str) -> str:
        if query in self.modules.split():
            return f"{query.partition('@')[2]} \n"
        return " \n" if query in self.names.split() else f' "{query}: {self.error}"\n'

    def _packages(self, state: str) -> list[dict[str, str]]:
        newest = {name: self.packages[name].split()[0] for name in self.environment}
        if state == "--uptodate":
            return [
                {"name": n, "version": v} for n, v in self.environment.items() if v == newest[n]
            ]
        return [
            {"name": n, "version": v, "latest_version": newest[n]}
            for n, v in self.environment.items()
            if v != newest[n]
        ]


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        pytest.param(
            Registries(lists={CROSSPLANE: "v2.4.0 v2.4.1 v2.4.2"}, modules=f"{CROSSPLANE}@v2.4.3"),
            ("v2.4.2", "", ""),
            id="a-complete-list-is-enough",
        ),
        pytest.param(
            Registries(modules=f"{CROSSPLANE}@v2.4.3"),
            ("v2.4.3", "", "no list of versions: 403 Forbidden"),
            id="no-list",
        ),
        pytest.param(
            Registries(lists={CROSSPLANE: "v2.4.0 v2.4.2"}, modules=f"{CROSSPLANE}@v2.4.3"),
            ("v2.4.3", "", "the list of versions has gaps"),
            id="a-list-with-gaps",
        ),
        pytest.param(
            Registries(lists={CROSSPLANE: "v2.4.0 v2.4.1"}),
            ("v2.4.2", "", "the list of versions has gaps"),
            id="a-list-without-the-pin",
        ),
        pytest.param(
            Registries(modules=f"{CROSSPLANE}@v2.4.3", names=f"{CROSSPLANE}@v2.4.4"),
            ("v2.4.3", "", "no list of versions: 403 Forbidden"),
            id="a-version-that-go-cannot-verify",
        ),
        pytest.param(
            Registries(lists={CROSSPLANE: UNREACHABLE}),
            ("", UNREACHABLE, ""),
            id="no-answer",
        ),
        pytest.param(
            Registries(error=UNREACHABLE),
            ("", f"{CROSSPLANE}@v2.4.3: {UNREACHABLE}", ""),
            id="no-answer-about-single-versions",
        ),
    ],
)
def test_the_newest_version_of_a_go_module(
    registry: Registries, expected: tuple[str, str, str]
) -> None:
    pin = go(CROSSPLANE, "v2.4.2", "crossplane-2.4", "2.4", is_program=False)
    answers = registries.ask(findings.questions([pin]), registry.run)
    answer = answers[pin.source]
    assert (findings.newest(pin, answers), answer.trouble, answer.probe) == expected


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        pytest.param(
            Registries(packages={"Py.Yaml": "6.0.4 6.0.3"}, environment={"Py.Yaml": "6.0.3"}),
            ("6.0.4", ""),
            id="outdated",
        ),
        pytest.param(
            Registries(packages={"Py.Yaml": "6.0.3"}, environment={"Py.Yaml": "6.0.3"}),
            ("6.0.3", ""),
            id="newest",
        ),
        pytest.param(
            Registries(packages={"py-yaml": "6.0.4"}, environment={"py-yaml": "6.0.3"}),
            ("6.0.4", ""),
            id="another-spelling",
        ),
        pytest.param(Registries(packages={"Py.Yaml": "6.0.4"}), ("6.0.4", ""), id="not-installed"),
        pytest.param(
            Registries(), ("", "ERROR: No matching distribution found for Py.Yaml"), id="no-answer"
        ),
    ],
)
def test_the_newest_version_of_a_python_package(
    registry: Registries, expected: tuple[str, str]
) -> None:
    pin = Pin(Source("pypi", "Py.Yaml"), "6.0.3", "constraints.txt")
    answers = registries.ask(findings.questions([pin]), registry.run)
    assert (findings.newest(pin, answers), answers[pin.source].trouble) == expected


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        pytest.param(
            Registries(tags={"actions/checkout": "v7 v7.0.1 v7.1.0 v8-beta v9 releases/v9.0.0"}),
            ("v7.1.0", ""),
            id="whole-versions-only",
        ),
        pytest.param(Registries(), ("", "Could not resolve host: github.com"), id="no-answer"),
    ],
)
def test_the_newest_version_of_an_action(registry: Registries, expected: tuple[str, str]) -> None:
    pin = Pin(Source("github", "actions/checkout"), "v7.0.1", "ci.yaml")
    answers = registries.ask(findings.questions([pin]), registry.run)
    assert (findings.newest(pin, answers), answers[pin.source].trouble) == expected


CROSSPLANES = (
    go(CROSSPLANE.removesuffix("/v2"), "v1.20.13", "crossplane-1.20", "1.20"),
    go(CROSSPLANE, "v2.3.5", "crossplane-2.3", "2.3"),
    go(CROSSPLANE, "v2.4.2", "crossplane-2.4", "2.4"),
    go(CROSSPLANE, "v2.2.1", "crossplane", "2.2"),
)
HELMS = (go("helm.sh/helm/v3", "v3.22.0", "helm3"), go(HELM, "v4.3.2", "helm4"))


@pytest.mark.parametrize(
    ("project", "lists", "expected"),
    [
        pytest.param(
            CROSSPLANES,
            {CROSSPLANE: "v2.3.6 v2.4.3 v2.5.0 v2.5.1 v2.6.0"},
            [Line(CROSSPLANE, "2.4", "v2.5.1"), Line(CROSSPLANE, "2.4", "v2.6.0")],
            id="lines-after-the-newest-folder",
        ),
        pytest.param(
            CROSSPLANES,
            {CROSSPLANE.removesuffix("/v2"): "v1.19.0 v1.21.0", CROSSPLANE: "v2.1.0"},
            [],
            id="none-before-it",
        ),
        pytest.param(
            CROSSPLANES, {CROSSPLANE: "v2.4.2 v2.5.0-rc.1"}, [], id="no-release-candidate"
        ),
        pytest.param(
            CROSSPLANES,
            {CROSSPLANE.replace("/v2", "/v3"): "v3.0.0 v3.1.0"},
            [Line(CROSSPLANE.replace("/v2", "/v3"), "v2", "v3.1.0")],
            id="a-major-version",
        ),
        pytest.param(
            HELMS,
            {"helm.sh/helm/v3": "v3.23.0", HELM: "v4.4.0", "helm.sh/helm/v5": "v5.0.0 v5.0.1"},
            [Line("helm.sh/helm/v5", "v4", "v5.0.1")],
            id="folders-of-major-versions",
        ),
        pytest.param(
            [go(RUNTIME, "v2.4.0", "crossplane-2.4", "2.4", is_program=False)],
            {RUNTIME: "v2.4.0 v2.5.0"},
            [],
            id="no-lines-of-a-replacement",
        ),
    ],
)
def test_the_new_lines(
    project: Sequence[Pin], lists: Mapping[str, str], expected: list[Line]
) -> None:
    answers = registries.ask(findings.questions(project), Registries(lists=lists).run)
    assert list(findings.new_lines(project, answers)) == expected


def test_a_major_version_that_the_registry_does_not_list_is_found() -> None:
    registry = Registries(modules="helm.sh/helm/v5@v5.0.1 helm.sh/helm/v5@v5.1.0")
    answers = registries.ask(findings.questions(HELMS), registry.run)
    lines = list(findings.new_lines(HELMS, answers))
    assert lines == [Line("helm.sh/helm/v5", "v4", "v5.1.0")]


PINS = (
    *CROSSPLANES[2:3],
    Pin(Source("pypi", "pytest"), "9.2.0", "constraints.txt"),
    Pin(Source("pypi", "ruff"), "0.17.6", "constraints.txt"),
    Pin(Source("github", "actions/checkout"), "v7.0.1", ".github/workflows/ci.yaml"),
)
REGISTRIES = Registries(
    modules=f"{CROSSPLANE}@v2.4.3 {CROSSPLANE}@v2.5.0",
    packages={"pytest": "9.2.0", "ruff": "0.18.0 0.17.6"},
)
MANUAL = (Manual("busybox:1.37.0", pins.CHART, "https://hub.docker.com/_/busybox/tags"),)


@pytest.mark.parametrize(
    ("everything", "title", "rows"),
    [
        pytest.param(
            False,
            "Outdated",
            [
                f"{CROSSPLANE} v2.4.2 v2.4.3 tools/crossplane-2.4/go.mod",
                "ruff 0.17.6 0.18.0 constraints.txt",
            ],
            id="outdated",
        ),
        pytest.param(
            True,
            "Pins",
            [
                f"{CROSSPLANE} v2.4.2 v2.4.3 tools/crossplane-2.4/go.mod",
                "pytest 9.2.0 9.2.0 constraints.txt",
                "ruff 0.17.6 0.18.0 constraints.txt",
                "actions/checkout v7.0.1 not looked up .github/workflows/ci.yaml",
            ],
            id="all",
        ),
    ],
)
def test_the_report_lists_outdated_pins(everything: bool, title: str, rows: list[str]) -> None:  # noqa: FBT001  # a table
    answers = registries.ask(findings.questions(PINS), REGISTRIES.run)
    report = findings.report(PINS, MANUAL, answers, everything=everything)
    lines = display.as_text(report, terminal=False).splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        title,
        "PIN HAS NEWEST WHERE",
        *rows,
        "",
        "New lines",
        "MODULE HAS NEW",
        f"{CROSSPLANE} 2.4 v2.5.0",
        "",
        "Not looked up",
        "PIN WHERE WHY",
        "actions/checkout .github/workflows/ci.yaml Could not resolve host: github.com",
        "",
        "Looked up version by version; a release after a gap may be missing",
        "PIN WHY",
        f"{CROSSPLANE} no list of versions: 403 Forbidden",
        f"{CROSSPLANE.replace('/v2', '/v3')} no list of versions: 403 Forbidden",
        "",
        "Look these up yourself",
        "PIN WHERE PAGE",
        f"busybox:1.37.0 {pins.CHART} https://hub.docker.com/_/busybox/tags",
        "",
        "2 of 4 pins are outdated",
    ]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("echo v1.2.3", Output("v1.2.3\n"), id="output"),
        pytest.param(
            "echo 'go: module x: reading https://example.org/x/@v/list: 500 Trouble\n\tagain' >&2;"
            "exit 1",
            Output("", "500 Trouble again"),
            id="the-reason-after-the-address",
        ),
        pytest.param(
            "echo \"fatal: unable to access 'https://example.org/x/': no host\" >&2; exit 128",
            Output("", "no host"),
            id="the-reason-after-an-address-in-quotes",
        ),
        pytest.param("exit 3", Output("", "exit status 3"), id="no-reason"),
    ],
)
def test_the_output_of_a_command(script: str, expected: Output) -> None:
    assert registries.output_of(["sh", "-c", script]) == expected


def test_a_missing_program_is_the_reason() -> None:
    assert registries.output_of(["no-such-go", "list"]).trouble == "no-such-go is not on the PATH"


def test_a_wrong_argument_exits_with_status_2() -> None:
    command = [sys.executable, "-m", "tools.outdated", "--every"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert "unrecognized arguments: --every" in run.stderr
