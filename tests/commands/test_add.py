"""`add`: a package in a values file, and nothing else changed."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.shared.configurations import ACME, package
from tests.shared.package_files import META, PROVIDER, REPOSITORY, directory

if TYPE_CHECKING:
    from tests.shared.command import Command


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "devcache:\n  packages:\n    new:\n      {entry}", id="empty"),
        pytest.param(
            "# mine\n", "# mine\ndevcache:\n  packages:\n    new:\n      {entry}", id="comment"
        ),
        pytest.param(
            "crossplane:  # upstream\n    replicas: 2",
            "crossplane:  # upstream\n    replicas: 2\n"
            "devcache:\n  packages:\n    new:\n      {entry}",
            id="no-devcache-and-no-last-line-break",
        ),
        pytest.param(
            "devcache:\n  packages: {{}}  # none\n  # more\n  live: x\n",
            "devcache:\n  packages:  # none\n    new:\n      {entry}  # more\n  live: x\n",
            id="no-packages",
        ),
        pytest.param(
            "devcache:\na: b\n",
            "devcache:\n  packages:\n    new:\n      {entry}a: b\n",
            id="null",
        ),
        pytest.param(
            "devcache:\n  packages:\n    old: {{path: x}}   # old\n# end\n",
            "devcache:\n  packages:\n    old: {{path: x}}   # old\n    new:\n      {entry}# end\n",
            id="beside-another",
        ),
        pytest.param(
            "devcache:\n  packages:\n    old:\n      path: x\n      # its image\n\n      # more\n"
            "    # other:\n",
            "devcache:\n  packages:\n    old:\n      path: x\n      # its image\n\n      # more\n"
            "    new:\n      {entry}    # other:\n",
            id="behind-the-comments-of-another",
        ),
        pytest.param(
            "devcache:\n  packages:\n    old:\n      path: x\n      # last",
            "devcache:\n  packages:\n    old:\n      path: x\n      # last\n"
            "    new:\n      {entry}",
            id="behind-a-comment-without-a-line-break",
        ),
        pytest.param(
            "devcache:\n    packages:\n        old:\n            path: 'x'\n\n\nother: 1\n",
            "devcache:\n    packages:\n        old:\n            path: 'x'\n"
            "        new:\n          {entry}\n\nother: 1\n",
            id="wide-indents",
        ),
        pytest.param(
            "devcache: {{packages: {{old: {{path: x}}}}}}\n",
            'devcache: {{packages: {{old: {{path: x}}, "new": {{"path": "{path}"}}}}}}\n',
            id="flow",
        ),
        pytest.param(
            "devcache:\n  packages:\n    new: null\n",
            "devcache:\n  packages:\n    new:\n      {entry}",
            id="removed-before",
        ),
        pytest.param(
            "kind: DevCache\nspec:\n  offline: true\n",
            "kind: DevCache\nspec:\n  offline: true\n  packages:\n    new:\n      {entry}",
            id="a-devcache-document",
        ),
        pytest.param(
            "crossplane-devcache:\n  devcache:\n    packages: {{}}\nother: 1\n",
            "crossplane-devcache:\n  devcache:\n    packages:\n      new:\n        {entry}"
            "other: 1\n",
            id="an-umbrella-chart",
        ),
    ],
)
def test_add_changes_nothing_else(
    command: Command, tmp_path: Path, before: str, after: str
) -> None:
    path = package(tmp_path, "new")
    file = tmp_path / "values.yaml"
    file.write_text(before.format())
    file.chmod(0o640)
    run = command("add", path, "-f", file)
    assert (run.status, run.stdout) == (0, f"added new to {file}\n")
    assert file.read_text() == after.format(path=path, entry=f"path: {path}\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["new", "values.yaml"]


def test_add_uses_the_name_and_tag_that_a_declared_package_requires(
    command: Command, tmp_path: Path
) -> None:
    platform = package(tmp_path, "platform", [(f"{ACME}/network", ">=v0.3.0")])
    file = tmp_path / "values.yaml"
    file.write_text(f"devcache: {{packages: {{platform: {{path: {platform}}}}}}}\n")
    assert command("add", package(tmp_path, "network"), "-f", file).status == 0
    added = yaml.safe_load(file.read_text())["devcache"]["packages"]["acme-network"]
    assert added["package"] == f"{ACME}/network:v0.3.0"
    report = command("check", "-f", file, "-o", "json").json("check")
    assert report["findings"] == []


def test_add_warns_of_packages_that_can_never_become_healthy(
    command: Command, tmp_path: Path
) -> None:
    paths = {
        name: {"path": package(tmp_path, name, [(f"{ACME}/network", range_)])}
        for name, range_ in (("one", ">=v2.0.0"), ("two", "<v1.0.0"))
    }
    text = yaml.safe_dump({"devcache": {"packages": paths}})
    file = tmp_path / "values.yaml"
    network = package(tmp_path, "network")
    for options, names in (
        ((), ["one"]),
        (("--package", f"{ACME}/network:v1.0.0"), ["one", "two"]),
    ):
        file.write_text(text)
        added, *warnings = command("add", network, "-f", file, *options).stdout.splitlines()
        assert added == f"added acme-network to {file}"
        assert [line for line in warnings if line.startswith("warning: ")] == [
            line for line in warnings if "does not admit" in line
        ]
        assert re.findall("warning: package ([a-z]+), dependency", "\n".join(warnings)) == names


def test_add_uses_the_options(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("")
    provider = directory(tmp_path / "x", {"crossplane.yaml": PROVIDER})
    options = ("--name", "mine", "--package", f"{ACME}/x:v1", "--runtime-image", "y:v1")
    assert command("add", provider, "-f", file, *options).status == 0
    (added,) = yaml.safe_load(file.read_text())["devcache"]["packages"].items()
    assert added[0] == "mine"
    assert added[1] == {
        "path": str(tmp_path / "x"),
        "package": f"{ACME}/x:v1",
        "runtimeImage": "y:v1",
    }


OF_SOURCE = (
    f"devcache: {{packages: {{old: {{path: '{{folder}}/extra', package: '{ACME}/x:v1'}}}}}}\n"
)
UNFIT = ("--name", "new", "--package")


@pytest.mark.parametrize("before", ["", "devcache: {packages: {old: {path: x}}}\n"])
def test_add_leaves_out_the_files_that_are_not_of_the_package(
    command: Command, tmp_path: Path, before: str
) -> None:
    path = directory(tmp_path / "package", REPOSITORY)
    file = tmp_path / "values.yaml"
    file.write_text(before)
    run = command("add", path, "-f", file, "--ignore=mk*")
    assert run.stdout == (
        f'added platform to {file}\nit leaves out ".github/workflows/*": no Kubernetes objects\n'
        'it leaves out "test/setup/*": no package may hold Network\n'
    )
    added = yaml.safe_load(file.read_text())["devcache"]["packages"]["platform"]
    assert added == {"path": str(path), "ignore": ["mk*", ".github/workflows/*", "test/setup/*"]}


def test_add_reads_the_declared_packages_without_their_ignored_files(
    command: Command, tmp_path: Path
) -> None:
    needs = f"spec: {{dependsOn: [{{configuration: {ACME}/network, version: '>=v0.3.0'}}]}}\n"
    platform = directory(
        tmp_path / "platform", {**REPOSITORY, "crossplane.yaml": META + needs.encode()}
    )
    file = tmp_path / "values.yaml"
    ignore = '[mkdocs.yml, "*/*/*"]'
    file.write_text(
        f"devcache: {{packages: {{platform: {{path: {platform}, ignore: {ignore}}}}}}}\n"
    )
    assert command("add", package(tmp_path, "network"), "-f", file).status == 0
    assert "acme-network" in yaml.safe_load(file.read_text())["devcache"]["packages"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        pytest.param(
            "devcache: {packages: {extra: {path: y}}}\n", (), "already declared", id="declared"
        ),
        pytest.param("a: [\n", (), "not valid YAML", id="no-yaml"),
        pytest.param("a: 1\n---\nb: 1\n", (), "more than one document", id="two-documents"),
        pytest.param("devcache: &a {}\nb: *a\n", (), "uses a YAML alias", id="an-alias"),
        pytest.param("devcache: text\n", (), "line 1: is not the mapping", id="no-mapping"),
        pytest.param("", ("--name", "No"), "is not a DNS-1123 label", id="name"),
        pytest.param("", ("--package", "No No"), "not a package reference", id="reference"),
        pytest.param(
            "",
            ("--package", "acme/x"),
            'extra: Crossplane 2 does not admit the reference "acme/x"',
            id="a-reference-without-a-registry",
        ),
        pytest.param(
            OF_SOURCE,
            (*UNFIT, f"{ACME}/x:v2"),
            "packages new and old: both have the source",
            id="a-second-package-of-a-source",
        ),
        pytest.param(
            f"crossplane: {{configuration: {{packages: ['{ACME}/x:v3']}}}}\n",
            (*UNFIT, f"{ACME}/x:v2"),
            "is installed by the chart's own package lists",
            id="a-source-in-the-list-of-the-chart",
        ),
        pytest.param(
            "",
            ("--runtime-image", "y:v1"),
            "runtimeImage is set, but a Configuration runs nothing",
            id="the-image-of-a-configuration",
        ),
        pytest.param(
            "", ("--runtime-image", "a b"), "has blanks or control characters", id="image"
        ),
        pytest.param(
            "devcache: {}\ncrossplane: {}\ndevcache: {live: true}\n",
            (),
            'repeats the key "devcache" on line 3\nhint: keep one of them',
            id="a-key-twice",
        ),
        pytest.param(
            "crossplane: {args: [{a: 1, a: 2}]}\n", (), 'repeats the key "a"', id="a-deep-key-twice"
        ),
        pytest.param("", ("--name", "x"), "the name has one", id="a-name-without-a-reference"),
        pytest.param("", ("--crossplane", "x"), "--crossplane: is not a version", id="version"),
    ],
)
def test_a_refusal_does_not_change_the_file(
    command: Command, tmp_path: Path, text: str, options: tuple[str, ...], message: str
) -> None:
    file = tmp_path / "values.yaml"
    text = text.replace("{folder}", str(tmp_path))
    file.write_text(text)
    run = command("add", package(tmp_path, "extra"), "-f", file, *options)
    assert message in run.message()
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("text", "options"),
    [
        pytest.param("", ("--package", "acme/x", "--crossplane", "1.20"), id="an-old-crossplane"),
        pytest.param(
            "devcache: {crossplaneVersion: '1.20'}\n", ("--package", "acme/x"), id="its-version"
        ),
        pytest.param(
            "devcache: {packages: {old: {path: gone}}, offline: maybe}\n", (), id="other-problems"
        ),
        pytest.param("crossplane: {a: &a {b: 1}, c: *a}\n", (), id="an-alias-of-another-section"),
        pytest.param("devcache: {crossplaneVersion: '9.9'}\n", (), id="an-unknown-crossplane"),
        pytest.param("surprise: 1\n", (), id="an-unknown-key"),
    ],
)
def test_add_refuses_no_problem_of_the_rest_of_the_file(
    command: Command, tmp_path: Path, text: str, options: tuple[str, ...]
) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(text)
    assert command("add", package(tmp_path, "extra"), "-f", file, *options).status == 0


def test_with_offline_a_dependency_may_be_added_later(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("devcache: {offline: true}\n")
    platform = package(tmp_path, "platform", [(f"{ACME}/network", ">=v0.3.0")])
    for path in (platform, package(tmp_path, "network")):
        assert command("add", path, "-f", file).status == 0
    assert command("check", "-f", file).status == 0


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
@pytest.mark.parametrize("arguments", [("add", "-f", "values.yaml"), ("init",)])
def test_a_path_that_is_not_utf_8_is_refused(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "values.yaml").touch()
    path = Path(package(tmp_path, "x")).rename(os.fsdecode(b"\xff"))
    assert "is not UTF-8" in command(*arguments, path).message()
