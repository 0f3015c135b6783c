"""`init`: proposed values for packages on disk."""

from __future__ import annotations

import re
from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from tests.shared.configurations import ACME, package
from tests.shared.package_files import META, REPOSITORY, XRD, directory
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command

EXAMPLES = ("examples/platform", "examples/network.xpkg", "examples/fleet")


def test_the_proposed_values_pass_check(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    proposed = command("init", *EXAMPLES)
    assert (proposed.status, proposed.stderr) == (0, "")
    declared = yaml.safe_load(proposed.stdout)["devcache"]["packages"]
    assert declared == {
        "platform": {"path": "examples/platform"},
        "acme-network": {"path": "examples/network.xpkg", "package": f"{ACME}/network:v0.1.0"},
        "fleet": {"path": "examples/fleet"},
    }
    path = tmp_path / "values.yaml"
    path.write_text(proposed.stdout)
    report = command("check", "-f", path, "-o", "json").json("check")
    assert [finding for finding in report["findings"] if finding["severity"] == "error"] == []


@pytest.mark.parametrize(
    ("constraint", "tag"),
    [
        (">=v0.1.0", "v0.1.0"),
        (">v0.1.0", "v0.1.1"),
        ("^1.2", "v1.2.0"),
        (">=v0.1.0, <v1.0.0", "v0.1.0"),
        (">=v0.1.0 <v1.0.0", "v0.1.0"),
        ("<v2.0.0, >=v1.3.0", "v1.3.0"),
        (">=v1.0.0-rc.1", "v1.0.0-rc.1"),
        ("*", "v1.0.0"),
        ("<v1.0.0", "v0.0.0"),
        (">1.2", "v1.3.0"),
        ("!=1.2.0, !=1.2.1", "v1.2.2"),
        ("v2.0.0 || v1.0.0", "v1.0.0"),
    ],
)
def test_the_proposed_tag_satisfies_the_constraint(
    command: Command, tmp_path: Path, constraint: str, tag: str
) -> None:
    paths = (
        package(tmp_path, "platform", [(f"{ACME}/network", constraint)]),
        package(tmp_path, "network"),
    )
    proposed = command("init", *paths).stdout
    assert "No tag" not in proposed
    declared = yaml.safe_load(proposed)["devcache"]["packages"]
    assert declared["acme-network"]["package"] == f"{ACME}/network:{tag}"


class Dependents(NamedTuple):
    """The dependencies of packages on a local package, and its proposed `package`."""

    dependencies: list[tuple[str, str]]
    package: str
    finds_tag: bool = True
    pulled: tuple[str, ...] = ()


OTHER = "xpkg.example.com/acme"

DEPENDENTS = {
    "the-higher-range": Dependents(
        [(f"{ACME}/network", ">=v0.4.1"), (f"{ACME}/network", ">=v0.7.0")], f"{ACME}/network:v0.7.0"
    ),
    "between-two-ranges": Dependents(
        [(f"{ACME}/network", "<v2.0.0"), (f"{ACME}/network", ">v1.4.9")], f"{ACME}/network:v1.4.10"
    ),
    "a-gap-of-the-other-range": Dependents(
        [(f"{ACME}/network", "!=v1.0.0"), (f"{ACME}/network", "^v1.0.0")], f"{ACME}/network:v1.0.1"
    ),
    "no-common-tag": Dependents(
        [(f"{ACME}/network", ">=v2.0.0"), (f"{ACME}/network", "<v1.0.0")],
        f"{ACME}/network:v0.0.0",
        finds_tag=False,
    ),
    "no-range": Dependents([(f"{ACME}/network", "")], f"{ACME}/network:v0.0.0", finds_tag=False),
    "a-digest": Dependents(
        [(f"{ACME}/network", f"sha256:{'0' * 64}")], f"{ACME}/network:v0.0.0", finds_tag=False
    ),
    "two-registries": Dependents(
        [
            (f"{OTHER}/network", ">=v3.0.0"),
            (f"{ACME}/network", ">=v0.4.1"),
            (f"{ACME}/network", ">=v0.7.0"),
        ],
        f"{ACME}/network:v0.7.0",
        pulled=(f"{OTHER}/network >=v3.0.0",),
    ),
    "two-registries-with-one-package-each": Dependents(
        [(f"{ACME}/network", ">=v0.4.1"), (f"{OTHER}/network", ">=v3.0.0")],
        f"{OTHER}/network:v3.0.0",
        pulled=(f"{ACME}/network >=v0.4.1",),
    ),
}


@pytest.mark.parametrize("case", DEPENDENTS.values(), ids=DEPENDENTS)
def test_the_proposed_tag_satisfies_all_packages_in_any_order(
    command: Command, tmp_path: Path, case: Dependents
) -> None:
    paths = [
        package(tmp_path, f"p{number}", [dependency])
        for number, dependency in enumerate(case.dependencies)
    ]
    paths.append(package(tmp_path, "network"))
    proposals = [command("init", *order).stdout for order in permutations(paths)]
    for proposed in proposals:
        declared = yaml.safe_load(proposed)["devcache"]["packages"]
        assert declared["acme-network"]["package"] == case.package
        assert ("No tag was found" in proposed) != case.finds_tag
        pulled = re.findall("Crossplane pulls this dependency: (.*)", proposed)
        assert tuple(pulled) == case.pulled
        assert sorted(proposed.splitlines()) == sorted(proposals[0].splitlines())


def test_a_package_does_not_depend_on_itself(command: Command, tmp_path: Path) -> None:
    path = package(tmp_path, "network", [("xpkg.example.com/far/network", ">=v1.0.0")])
    proposed = command("init", path).stdout
    assert yaml.safe_load(proposed)["devcache"]["packages"] == {"network": {"path": path}}
    assert "Crossplane pulls this dependency: xpkg.example.com/far/network >=v1.0.0" in proposed


def test_texts_of_packages_cannot_break_out_of_a_comment(command: Command, tmp_path: Path) -> None:
    path = package(tmp_path, "platform", [("x.io/a\nevil: true\x1b[2J", ">=v1\nevil: true")])
    printed = command("init", path).stdout
    assert "\x1b" not in printed
    assert set(yaml.safe_load(printed)) == {"devcache"}
    assert "evil" not in yaml.safe_load(printed)["devcache"]


def test_init_creates_a_file(command: Command, tmp_path: Path) -> None:
    path = package(tmp_path, "platform")
    file = tmp_path / "values.yaml"
    run = command("init", path, "-f", file)
    assert (run.status, run.stdout, run.stderr) == (0, f"wrote {file}\n", "")
    assert file.read_text() == command("init", path).stdout


@pytest.mark.parametrize(
    ("package_path", "file", "message"),
    [
        pytest.param("gone", "new.yaml", "gone: no such file", id="no-package"),
        pytest.param("platform", "mine.yaml", "mine.yaml: already exists", id="a-file-of-the-user"),
        pytest.param(
            "platform", "gone/new.yaml", "cannot be created: no such file", id="no-folder"
        ),
        pytest.param("platform", "/dev/full", "already exists", id="a-device"),
        pytest.param("platform", "a" * 300, "cannot be created: file name too long", id="long"),
    ],
)
def test_a_failed_init_creates_and_changes_no_file(  # noqa: PLR0913, PLR0917  # the columns of the table
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    package_path: str,
    file: str,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    package(tmp_path, "platform")
    (tmp_path / "mine.yaml").write_text("mine: 1\n")
    assert message in command("init", package_path, "-f", file).message()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["mine.yaml", "platform"]
    assert (tmp_path / "mine.yaml").read_text() == "mine: 1\n"


def test_two_packages_of_the_same_name_are_refused(command: Command, tmp_path: Path) -> None:
    paths = (package(tmp_path / "a", "same"), package(tmp_path / "b", "same"))
    assert ': "same"' in command("init", *paths).message()


def test_the_proposed_ignore_list_passes_check(command: Command, tmp_path: Path) -> None:
    path = directory(tmp_path / "package", REPOSITORY)
    proposed = command("init", path)
    assert (proposed.status, proposed.stderr) == (0, "")
    assert (
        """
      ignore:
        - ".github/workflows/*" # no Kubernetes objects
        - mkdocs.yml # no Kubernetes objects
        - "test/setup/*" # no package may hold Network
"""
        in proposed.stdout
    )
    declared = yaml.safe_load(proposed.stdout)["devcache"]["packages"]["platform"]
    assert declared["ignore"] == [".github/workflows/*", "mkdocs.yml", "test/setup/*"]
    values = tmp_path / "values.yaml"
    values.write_text(proposed.stdout)
    assert command("check", "-f", values, "-o", "json").json("check")["findings"] == []


def test_the_ignore_list_has_the_patterns_of_the_options_first(
    command: Command, tmp_path: Path
) -> None:
    path = directory(tmp_path / "package", REPOSITORY)
    options = ("--ignore", r"mk*,x\,y.yaml,", "--ignore=.github/*/*")
    proposed = command("init", path, ROOT / "examples" / "network.xpkg", *options).stdout
    declared = yaml.safe_load(proposed)["devcache"]["packages"]
    assert declared["platform"]["ignore"] == ["mk*", "x,y.yaml", ".github/*/*", "test/setup/*"]
    assert "ignore" not in declared["network"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param({"a.yaml": b"a: [\n"}, "is not valid YAML", id="broken-yaml"),
        pytest.param({"a.yaml": XRD + b"---\na: b\n"}, "has no apiVersion", id="partly-objects"),
        pytest.param({"a/crossplane.yaml": META}, "2 meta objects", id="two-packages"),
        pytest.param(
            {"crossplane.yaml": b"", "a.yaml": b"a: b\n"}, "no meta object", id="no-package"
        ),
    ],
)
def test_a_file_that_may_be_content_is_never_left_out(
    command: Command, tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    assert message in command("init", directory(tmp_path, files)).message()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("apiVersion: v1\nkind: CompositeResourceDefinition\n", id="a-kind"),
        pytest.param("apiVersion: apiextensions.crossplane.io/v9\nkind: X\n", id="a-group"),
        pytest.param(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n",
            id="of-another-package",
        ),
    ],
)
def test_an_object_with_an_error_in_its_kind_is_an_error_of_check(
    command: Command, tmp_path: Path, text: str
) -> None:
    path = directory(tmp_path / "package", {"a.yaml": text.encode()})
    proposed = command("init", path)
    assert "ignore" not in proposed.stdout
    values = tmp_path / "values.yaml"
    values.write_text(proposed.stdout)
    finding, *_ = command("check", "-f", values, "-o", "json").json("check")["findings"]
    assert "must not hold" in str(finding["problem"])
    assert "leave other files out with `ignore`" in str(finding["hint"])


def test_a_name_of_one_character_has_a_repository_of_more(command: Command, tmp_path: Path) -> None:
    path = directory(tmp_path / "package", {"crossplane.yaml": META.replace(b"platform", b"p")})
    values = tmp_path / "values.yaml"
    values.write_text(command("init", path).stdout)
    assert command("check", "-f", values).status == 0
