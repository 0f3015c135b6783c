"""`check` shows the dependency tree if something is wrong with the dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.shared.checking import values
from tests.shared.configurations import ACME, package

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.shared.command import Command
    from tests.shared.programs import Plain


class Case(NamedTuple):
    """Two packages, of which `platform` depends on `acme-network`, and the line of the tree."""

    constraint: str = ">=v0.1.0"
    platform: Mapping[str, Plain] = {}
    network: Mapping[str, Plain] = {}
    source: str = f"{ACME}/network"
    arguments: tuple[str, ...] = ()
    line: str = ""


SKIPS: Mapping[str, Plain] = {"spec": {"skipDependencyResolution": True}}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(), id="nothing"),
        pytest.param(Case(source=f"{ACME}/far"), id="pulled"),
        pytest.param(Case(platform={"runtimeImage": "x.io/a:v1"}), id="another-subject"),
        pytest.param(Case(platform=SKIPS, constraint="bad"), id="not-resolved"),
        pytest.param(Case(">=v9.0.0", line="satisfy >=v9.0.0  refused"), id="out-of-range"),
        pytest.param(Case("", line='""  improper'), id="no-range"),
        pytest.param(Case(network=SKIPS, line="unresolved"), id="skipped"),
        pytest.param(Case(network={"install": False}, line="install: false"), id="not-installed"),
        pytest.param(Case(network={"path": "gone"}, line="unreadable  gone"), id="unreadable"),
        pytest.param(
            Case(source="xpkg.devcache.local/x", line="xpkg.devcache.local/x  >=v0.1.0  missing"),
            id="missing",
        ),
        pytest.param(
            Case(source="xpkg.example.com/acme/network", line="missing"), id="name-conflict"
        ),
        pytest.param(
            Case(source=f"{ACME}/far", arguments=("--offline",), line="far  >=v0.1.0  missing"),
            id="offline",
        ),
    ],
)
def test_the_tree_is_shown_for_findings_on_dependencies(
    command: Command, tmp_path: Path, case: Case
) -> None:
    platform = package(tmp_path, "platform", [(case.source, case.constraint)])
    declared: Plain = {
        "packages": {
            "platform": {"path": platform, **case.platform},
            "acme-network": {
                "path": package(tmp_path, "network"),
                "package": f"{ACME}/network:v0.2.0",
                **case.network,
            },
        }
    }
    run = command("check", "-f", values(tmp_path, declared), *case.arguments)
    assert run.stdout.startswith("Dependency tree\n") == bool(case.line)
    tree, _, rest = run.stdout.partition("\n\n")
    assert any(case.line in line for line in tree.splitlines())
    if "missing" in case.line:
        assert "unresolved" in rest
        assert "from the registry" not in rest


def test_a_cycle_is_shown(command: Command, tmp_path: Path) -> None:
    declared: Plain = {
        "packages": {
            f"acme-{name}": {
                "path": package(tmp_path, name, [(f"{ACME}/{other}", ">=v0.1.0")]),
                "package": f"{ACME}/{name}:v0.1.0",
            }
            for name, other in (("one", "two"), ("two", "one"))
        }
    }
    lines = command("check", "-f", values(tmp_path, declared)).stdout.splitlines()
    assert lines[0] == "Dependency tree"
    assert lines[3].endswith("a cycle")
