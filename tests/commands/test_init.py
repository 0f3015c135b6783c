"""`init`: proposed values for packages on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.shared.configurations import ACME, package
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
        ("", "v0.0.0"),
        (f"sha256:{'0' * 64}", "v0.0.0"),
    ],
)
def test_the_proposed_tag_satisfies_the_constraint(
    command: Command, tmp_path: Path, constraint: str, tag: str
) -> None:
    paths = (
        package(tmp_path, "platform", [(f"{ACME}/network", constraint)]),
        package(tmp_path, "network"),
    )
    declared = yaml.safe_load(command("init", *paths).stdout)["devcache"]["packages"]
    assert declared["acme-network"]["package"] == f"{ACME}/network:{tag}"


def test_texts_of_packages_cannot_break_out_of_a_comment(command: Command, tmp_path: Path) -> None:
    path = package(tmp_path, "platform", [("x.io/a\nevil: true\x1b[2J", ">=v1\nevil: true")])
    printed = command("init", path).stdout
    assert "\x1b" not in printed
    assert set(yaml.safe_load(printed)) == {"devcache"}
    assert "evil" not in yaml.safe_load(printed)["devcache"]


def test_two_packages_of_the_same_name_are_refused(command: Command, tmp_path: Path) -> None:
    paths = (package(tmp_path / "a", "same"), package(tmp_path / "b", "same"))
    assert ': "same"' in command("init", *paths).message()
