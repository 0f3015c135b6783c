"""`check` on the dependencies of packages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.shared.checking import checked, findings, findings_of, values
from tests.shared.configurations import ACME, package

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command
    from tests.shared.programs import Plain


@dataclass(frozen=True)
class Dependency:
    """A package that depends on a local one, and the expected findings."""

    reason: str
    constraint: str
    tag: str = "v0.2.0"
    line: str = "2.4"
    name: str = "acme-network"
    install: bool = True
    error: str = ""
    warning: str = ""
    state: str = "local"


DIGEST = f"sha256:{'0' * 64}"

DEPENDENCIES = [
    Dependency("within", ">=v0.1.0"),
    Dependency(
        "below", ">=v0.3.0", state="refused", error='is "v0.2.0", which ">=v0.3.0" does not admit'
    ),
    Dependency("the-default-tag-is-low", ">=v0.1.0", "v0.0.0", state="refused", error="v0.0.0"),
    Dependency("a-pre-release", ">=v0.1.0", "v0.2.0-rc.1", state="refused", error="v0.2.0-rc.1"),
    Dependency("a-pre-release-by-the-suffix--0", ">=v0.1.0-0", "v0.2.0-rc.1"),
    Dependency(
        "no-version",
        ">=v0.1.0",
        "main",
        state="refused",
        error='"main", but ">=v0.1.0" requires a version',
    ),
    Dependency("a-digest", DIGEST, state="refused", error="dependsOn names"),
    Dependency("a-digest-on-an-old-line", DIGEST, line="1.17", error="improper"),
    Dependency("a-comma", ">=v0.1.0, <v1.0.0", line="1.20.11"),
    Dependency("a-blank", ">=v0.1.0 <v1.0.0"),
    Dependency("a-blank-on-an-old-line", ">=v0.1.0 <v1.0.0", line="1.20.11", error="improper"),
    Dependency("no-range", "", error="improper"),
    Dependency("another-name", ">=v0.1.0", name="network", warning="names .* acme-network"),
    Dependency(
        "only-in-the-cache", ">=v0.1.0", install=False, warning="acme-network has install: false"
    ),
]


@pytest.mark.parametrize("case", DEPENDENCIES, ids=lambda case: case.reason)
def test_a_local_dependency_must_fit_its_constraint(
    command: Command, case: Dependency, tmp_path: Path
) -> None:
    source = f"{ACME}/network"
    declared: Plain = {
        "packages": {
            "platform": {"path": package(tmp_path, "platform", [(source, case.constraint)])},
            case.name: {
                "path": package(tmp_path, "network"),
                "package": f"{source}:{case.tag}",
                "install": case.install,
            },
        }
    }
    report = checked(command, "-f", values(tmp_path, declared), "--crossplane", case.line)
    results = findings_of(report)
    expected = [("error", case.error)] * bool(case.error) + [("warning", case.warning)] * bool(
        case.warning
    )
    assert [severity for severity, _, _ in results] == [severity for severity, _ in expected]
    for (_, _, problem), (_, pattern) in zip(results, expected, strict=True):
        assert re.search(pattern, problem), problem
    (resolution,) = report["dependencies"]
    assert (resolution["state"], resolution["local"]) == (case.state, case.name)
    assert resolution["resolverName"] == "acme-network"


class UnreadablePackage(NamedTuple):
    """A declaration of a local package that cannot be read, and the state of a dependency on it."""

    entry: dict[str, Plain]
    state: str = "local"
    error: str = ""


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(UnreadablePackage({"path": "gone"}), id="no-such-path"),
        pytest.param(UnreadablePackage({"path": "gone", "ingore": []}), id="an-unknown-key"),
        pytest.param(UnreadablePackage({}), id="no-path"),
        pytest.param(UnreadablePackage({"path": "gone", "install": 1}), id="an-invalid-field"),
        pytest.param(
            UnreadablePackage(
                {"path": "gone", "package": f"{ACME}/network:v0.0.1"}, "refused", "admit"
            ),
            id="out-of-range",
        ),
    ],
)
def test_a_dependency_on_a_package_that_cannot_be_read_is_local(
    command: Command, tmp_path: Path, case: UnreadablePackage
) -> None:
    source = f"{ACME}/network"
    declared: Plain = {
        "packages": {
            "platform": {"path": package(tmp_path, "platform", [(source, ">=v0.1.0")])},
            "acme-network": {"package": f"{source}:v0.2.0", **case.entry},
        }
    }
    report = checked(command, "-f", values(tmp_path, declared))
    (resolution,) = report["dependencies"]
    assert (resolution["state"], resolution["local"]) == (case.state, "acme-network")
    wheres = [where for _, where, _ in findings_of(report)]
    assert [where for where in wheres if where.startswith("package platform")] == [
        f'package platform, dependency "{source}"'
    ] * bool(case.error)
    assert len(wheres) == 1 + bool(case.error)


def test_a_hint_to_rename_tells_the_effect(command: Command, tmp_path: Path) -> None:
    near, far = f"{ACME}/network", "xpkg.example.com/acme/platform"
    declared: Plain = {
        "packages": {
            "acme-platform": {
                "path": package(tmp_path, "platform", [(near, "*"), (far, "*")]),
                "package": f"{ACME}/platform:v0.1.0",
            },
            "network": {"path": package(tmp_path, "network"), "package": f"{near}:v0.1.0"},
        }
    }
    report = checked(command, "-f", values(tmp_path, declared))
    hints = [str(finding["hint"]) for finding in report["findings"]]
    renaming_hints = [hint for hint in hints if "deletes its APIs with their resources" in hint]
    assert [hint.partition(" ")[0] for hint in renaming_hints] == ["name", "rename"]


class Absent(NamedTuple):
    """A package with a dependency that is not local, and another local package."""

    source: str
    name: str = "network"
    reference: str = ""
    severities: tuple[str, ...] = ()
    problem: str = ""
    state: str = "pulled"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Absent(f"{ACME}/other"), id="pulled"),
        pytest.param(
            Absent(f"{ACME}/network", severities=("warning",), problem="Crossplane pulls it"),
            id="a-local-package-of-that-name",
        ),
        pytest.param(
            Absent(
                "xpkg.devcache.local/x",
                severities=("error",),
                problem="no registry has it",
                state="unresolved",
            ),
            id="no-registry",
        ),
        pytest.param(
            Absent(
                f"{ACME}/other",
                "acme-other",
                f"{ACME}/network:v1.0.0",
                ("warning",),
                "names it acme-other",
                "unresolved",
            ),
            id="name-conflict",
        ),
    ],
)
def test_a_dependency_that_is_not_local_is_pulled_or_unresolved(
    command: Command, tmp_path: Path, case: Absent
) -> None:
    declared: Plain = {
        "packages": {
            "platform": {"path": package(tmp_path, "platform", [(case.source, ">=v0.1.0")])},
            case.name: {"path": package(tmp_path, "network"), "package": case.reference or None},
        }
    }
    arguments = ("-f", values(tmp_path, declared))
    report = checked(command, *arguments)
    results = findings_of(report)
    assert tuple(severity for severity, _, _ in results) == case.severities
    assert all(case.problem in text for _, _, text in results)
    (resolution,) = report["dependencies"]
    assert (resolution["state"], resolution["local"]) == (case.state, "")
    offline = checked(command, *arguments, "--offline")
    assert any("offline is set" in text for _, _, text in findings_of(offline))
    assert [resolution["state"] for resolution in offline["dependencies"]] == ["unresolved"]


class Entry(NamedTuple):
    """An entry of a `dependsOn` that is not local, and the expected error."""

    entry: dict[str, Plain]
    line: str
    error: str = ""
    hint: str = ""


EXPLICIT: dict[str, Plain] = {
    "apiVersion": "pkg.crossplane.io/v1",
    "kind": "Provider",
    "package": f"{ACME}/far",
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Entry({"provider": "acme/far"}, "1.20"), id="a-default-registry"),
        pytest.param(
            Entry({"provider": "acme/far"}, "2.0", "refuses", "xpkg.crossplane.io/acme/far"),
            id="no-registry",
        ),
        pytest.param(Entry({"provider": "acme/far"}, "2.4", "refuses"), id="no-registry-in-2.4"),
        pytest.param(
            Entry({"provider": "localhost:5000/far"}, "2.4", "refuses"), id="a-host-without-a-dot"
        ),
        pytest.param(Entry({"provider": "localhost:5000/far"}, "1.20"), id="a-host-in-1.20"),
        pytest.param(
            Entry({"provider": f"{ACME}/far:v1.0.0"}, "1.20", "a tag or digest", "version"),
            id="a-tag",
        ),
        pytest.param(
            Entry({"provider": f"{ACME}/far@{DIGEST}"}, "2.4", "a tag or digest", "version"),
            id="a-digest",
        ),
        pytest.param(
            Entry({"provider": "xpkg.example.org/UPPER"}, "2.4", "not a package reference"),
            id="no-reference",
        ),
        pytest.param(
            Entry(EXPLICIT, "1.18", "does not read its apiVersion", "provider"),
            id="explicit-in-1.18",
        ),
        pytest.param(Entry(EXPLICIT, "1.19"), id="explicit-in-1.19"),
        pytest.param(
            Entry({**EXPLICIT, "provider": f"{ACME}/far"}, "1.18"), id="both-forms-in-1.18"
        ),
    ],
)
def test_a_source_that_crossplane_cannot_pull_is_an_error(
    command: Command, tmp_path: Path, case: Entry
) -> None:
    path = package(tmp_path, "platform", dependsOn=[{**case.entry, "version": ">=v0.1.0"}])
    values_file = values(tmp_path, {"packages": {"platform": {"path": path}}})
    report = checked(command, "-f", values_file, "--crossplane", case.line)
    findings_ = report["findings"]
    assert [finding["severity"] for finding in findings_] == ["error"] * bool(case.error)
    for finding in findings_:
        assert case.error in str(finding["problem"])
        assert case.hint in str(finding["hint"])


@pytest.mark.parametrize("line", ["1.14", "2.4"])
def test_a_package_without_dependency_resolution(
    command: Command, tmp_path: Path, line: str
) -> None:
    skips: Plain = {"skipDependencyResolution": True}
    needs = [(f"{ACME}/network", ">=v1.0.0"), (f"{ACME}/far", "improper")]
    platform: dict[str, Plain] = {"path": package(tmp_path, "platform", needs)}
    path = package(tmp_path, "network", [(f"{ACME}/platform", ">=v0.1.0")])
    network: dict[str, Plain] = {"path": path, "package": f"{ACME}/network:v0.1.0"}

    ranges: Plain = {"packages": {"platform": {**platform, "spec": skips}, "acme-network": network}}
    arguments = ("-f", values(tmp_path, ranges), "--crossplane", line)
    report = checked(command, *arguments)
    assert [entry["package"] for entry in report["dependencies"]] == ["acme-network"]
    ((_, where, _),) = findings_of(report)
    assert where == f'package acme-network, dependency "{ACME}/platform"'
    (offline,) = (
        text for _, _, text in findings(command, *arguments, "--offline") if "offline" in text
    )
    assert "acme/platform" in offline

    needs = [(f"{ACME}/network", ">=v0.1.0")]
    platform = {"path": package(tmp_path, "platform", needs), "package": f"{ACME}/platform:v0.1.0"}
    package(tmp_path, "network", [(f"{ACME}/platform", ">=v0.1.0")])
    absent: Plain = {"packages": {"platform": platform, "acme-network": {**network, "spec": skips}}}
    report = checked(command, "-f", values(tmp_path, absent), "--crossplane", line)
    ((severity, where, problem),) = findings_of(report)
    assert (severity, where) == ("error", f'package platform, dependency "{ACME}/network"')
    assert "acme-network has skipDependencyResolution" in problem
    (resolution,) = report["dependencies"]
    assert (resolution["state"], resolution["local"]) == ("unresolved", "acme-network")


def test_two_sources_of_one_path_have_a_warning(command: Command, tmp_path: Path) -> None:
    other = "xpkg.example.com/acme/far"
    declared: Plain = {
        "packages": {
            name: {"path": package(tmp_path, name, [(source, ">=v0.1.0")])}
            for name, source in (("one", f"{ACME}/far"), ("two", other))
        }
    }
    (finding,) = checked(command, "-f", values(tmp_path, declared))["findings"]
    assert finding["severity"] == "warning"
    assert finding["where"] == f'package two, dependency "{other}"'
    assert str(finding["problem"]).endswith(
        f'names it acme-far, like "{ACME}/far": it installs only one of them'
    )
    assert "the same registry" in str(finding["hint"])


def test_packages_that_depend_on_each_other_are_an_error(command: Command, tmp_path: Path) -> None:
    declared: Plain = {
        "packages": {
            f"acme-{name}": {
                "path": package(tmp_path, name, [(f"{ACME}/{other}", ">=v0.1.0")]),
                "package": f"{ACME}/{name}:v0.1.0",
            }
            for name, other in (("one", "two"), ("two", "one"))
        }
    }
    (finding,) = findings(command, "-f", values(tmp_path, declared))
    assert finding[0] == "error"
    assert "in a cycle" in finding[2]


class Running(NamedTuple):
    """The range of versions that a package supports, a Crossplane version, and the finding."""

    constraint: str
    version: str
    severity: str = ""
    problem: str = ""
    reason: str = ""


RUNNING = [
    Running(">=v1.14.0-0", "2.4", reason="admitted"),
    Running(">=v2.0.0", "1.20.11", "error", "does not admit Crossplane 1.20.11", reason="too-old"),
    Running(">=v2.0.0 <v3.0.0", "2.2.1", "error", "cannot read", reason="improper"),
    Running(">=v2.1.3", "2.1", reason="the-newest-patch-of-a-line"),
    Running("~2.1.3, !=2.1.7", "2.1", reason="a-patch-of-a-line-is-excluded"),
    Running(
        "<v2.1.5",
        "2.1",
        "warning",
        "admits only some patches of Crossplane 2.1",
        reason="some-patches-of-a-line",
    ),
    Running(
        ">=v2.2.0", "2.1", "error", "does not admit Crossplane 2.1", reason="no-patch-of-a-line"
    ),
    Running("<v2.1.0", "2.1", "error", "does not admit Crossplane 2.1", reason="below-a-line"),
    Running(">=v2.0.0", "v2.4.0-mirrored", reason="a-copy"),
    Running(">=v2.0.0", "v2.4.0-arm64", reason="an-architecture"),
    Running(">=v2.0.0", "v2.4.0-debian12", reason="a-distribution"),
    Running(">=v1.14.0", "v1.20.1-debian12", reason="a-distribution-of-an-old-line"),
    Running(
        ">=v2.0.0",
        "v2.4.0-rc.1-arm64",
        "error",
        "does not admit Crossplane 2.4.0-rc.1",
        reason="a-pre-release",
    ),
    Running(">=v2.0.0-0", "v2.4.0-rc.1", reason="a-pre-release-in-range"),
    Running(
        ">=v1.14.0",
        "v1.20.1-up.1",
        "error",
        "does not admit Crossplane 1.20.1-up.1",
        reason="the-version-of-a-vendor",
    ),
    Running(">=v1.14.0-0", "v1.20.1-up.1", reason="the-version-of-a-vendor-in-range"),
]


@pytest.mark.parametrize("case", RUNNING, ids=lambda case: case.reason)
def test_a_package_may_constrain_the_version_of_crossplane(
    command: Command, tmp_path: Path, case: Running
) -> None:
    path = package(tmp_path, "platform", crossplane={"version": case.constraint})
    values_file = values(tmp_path, {"packages": {"platform": {"path": path}}})
    results = findings(command, "-f", values_file, "--crossplane", case.version)
    assert [severity for severity, _, _ in results] == [case.severity] * bool(case.severity)
    assert all(case.problem in text for _, _, text in results)
    declared: Plain = {"path": path, "spec": {"ignoreCrossplaneConstraints": True}}
    ignored = values(tmp_path, {"packages": {"platform": declared}})
    # Crossplane's linter refuses an improper range in any case.
    rest = results if case.reason == "improper" else []
    assert findings(command, "-f", ignored, "--crossplane", case.version) == rest
