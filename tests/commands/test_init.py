"""`init`, `add` and `completion`: files that the user goes on with."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.shared.configurations import ACME, package
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command

EXAMPLES = ("examples/platform", "examples/network.xpkg", "examples/fleet")


def test_proposes_values_that_check_takes(
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
    found = command("check", "-f", path, "-o", "json").json("check")
    assert [one for one in found["findings"] if one["severity"] == "error"] == []


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
        ("", "v0.0.0"),
        (f"sha256:{'0' * 64}", "v0.0.0"),
    ],
)
def test_proposes_a_tag_in_the_range(
    command: Command, tmp_path: Path, constraint: str, tag: str
) -> None:
    paths = (
        package(tmp_path, "platform", [(f"{ACME}/network", constraint)]),
        package(tmp_path, "network"),
    )
    declared = yaml.safe_load(command("init", *paths).stdout)["devcache"]["packages"]
    assert declared["acme-network"]["package"] == f"{ACME}/network:{tag}"


def test_what_packages_say_cannot_leave_a_comment(command: Command, tmp_path: Path) -> None:
    path = package(tmp_path, "platform", [("x.io/a\nevil: true\x1b[2J", ">=v1\nevil: true")])
    printed = command("init", path).stdout
    assert "\x1b" not in printed
    assert set(yaml.safe_load(printed)) == {"devcache"}
    assert "evil" not in yaml.safe_load(printed)["devcache"]


def test_two_of_a_name_are_refused(command: Command, tmp_path: Path) -> None:
    paths = (package(tmp_path / "a", "same"), package(tmp_path / "b", "same"))
    assert "has the same name as" in (message := command("init", *paths).message())
    assert '"same"' in message


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "devcache:\n  packages:\n    new:\n      {entry}", id="empty"),
        pytest.param(
            "# mine\n", "# mine\ndevcache:\n  packages:\n    new:\n      {entry}", id="comment"
        ),
        pytest.param(
            "crossplane:  # theirs\n    replicas: 2",
            "crossplane:  # theirs\n    replicas: 2\n"
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
            "devcache:\n  packages:\n    old: {{path: x}}   # kept\n# end\n",
            "devcache:\n  packages:\n    old: {{path: x}}   # kept\n    new:\n      {entry}# end\n",
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
def test_adds_and_changes_nothing_else(
    command: Command, tmp_path: Path, before: str, after: str
) -> None:
    path = package(tmp_path, "new")
    file = tmp_path / "values.yaml"
    file.write_text(before.format())
    file.chmod(0o640)
    found = command("add", path, "-f", file)
    assert (found.status, found.stdout) == (0, f"added new to {file}\n")
    assert file.read_text() == after.format(path=path, entry=f"path: {path}\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["new", "values.yaml"]


def test_adds_under_the_name_that_a_declared_package_needs(
    command: Command, tmp_path: Path
) -> None:
    platform = package(tmp_path, "platform", [(f"{ACME}/network", ">=v0.3.0")])
    file = tmp_path / "values.yaml"
    file.write_text(f"devcache: {{packages: {{platform: {{path: {platform}}}}}}}\n")
    assert command("add", package(tmp_path, "network"), "-f", file).status == 0
    added = yaml.safe_load(file.read_text())["devcache"]["packages"]["acme-network"]
    assert added["package"] == f"{ACME}/network:v0.3.0"
    found = command("check", "-f", file, "-o", "json").json("check")
    assert found["findings"] == []


def test_adds_what_is_given(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("")
    options = ("--name", "mine", "--package", f"{ACME}/x:v1", "--runtime-image", "y:v1")
    assert command("add", package(tmp_path, "x"), "-f", file, *options).status == 0
    (added,) = yaml.safe_load(file.read_text())["devcache"]["packages"].items()
    assert added[0] == "mine"
    assert added[1] == {
        "path": str(tmp_path / "x"),
        "package": f"{ACME}/x:v1",
        "runtimeImage": "y:v1",
    }


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        pytest.param("devcache: {packages: {x: {path: y}}}\n", (), "declared already", id="there"),
        pytest.param("a: [\n", (), "not valid YAML", id="no-yaml"),
        pytest.param("a: 1\n---\nb: 1\n", (), "more than one document", id="two-documents"),
        pytest.param("devcache: &a {}\nb: *a\n", (), "uses a YAML alias", id="an-alias"),
        pytest.param("devcache: text\n", (), "line 1 is not", id="no-mapping"),
        pytest.param("", ("--name", "No"), "is not a DNS-1123 label", id="name"),
        pytest.param("", ("--package", "No No"), "not a package reference", id="reference"),
    ],
)
def test_a_refusal_leaves_the_file_alone(
    command: Command, tmp_path: Path, text: str, options: tuple[str, ...], message: str
) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(text)
    found = command("add", package(tmp_path, "x"), "-f", file, *options)
    assert message in found.message()
    assert file.read_text() == text


def test_a_link_stays_a_link(command: Command, tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("")
    link = tmp_path / "values.yaml"
    link.symlink_to("real.yaml")
    assert command("add", package(tmp_path, "x"), "-f", link).status == 0
    assert link.is_symlink()
    assert "x:" in (tmp_path / "real.yaml").read_text()


@pytest.mark.parametrize("shell", ["bash", "fish", "tcsh", "zsh"])
def test_every_shell_gets_all_commands(command: Command, shell: str) -> None:
    found = command("completion", shell)
    assert found.status == 0
    for name in ("check", "inspect", "explain", "init", "add", "plugin-dir"):
        assert name in found.stdout


def test_bash_completes_commands_and_options(command: Command, tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(command("completion", "bash").stdout)
    asked = (
        f"source {script}; COMP_WORDS=(crossplane-devcache {{words}}); COMP_CWORD={{last}};"
        " $(complete -p crossplane-devcache | sed 's/.*-F \\([^ ]*\\) .*/\\1/') ;"
        ' printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    for words, last, expected in (("exp", 1, "explain"), ("check --off", 2, "--offline")):
        completed = subprocess.run(
            ["bash", "-c", asked.format(words=words, last=last)],
            capture_output=True,
            check=True,
            encoding="utf-8",
            env=os.environ,
        )
        assert completed.stdout.split() == [expected]
