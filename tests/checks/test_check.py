"""`check`: what it finds before anything touches a cluster."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.release import chart
from tests.shared import manifests
from tests.shared.configurations import ACME, package
from tests.shared.package_files import incompressible
from tests.shared.paths import DATA, GOLDEN, ROOT

if TYPE_CHECKING:
    from tests.shared.command import Command
    from tests.shared.programs import Plain

XPKG = DATA / "xpkg"


def values(folder: Path, devcache_: Plain, name: str = "values.yaml", **others: Plain) -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump({"devcache": devcache_, **others}))
    return path


def checked(command: Command, *arguments: str | Path) -> dict[str, list[dict[str, Plain]]]:
    """Return the report of a check, whose findings go with its status."""
    found = command("check", *arguments, "-o", "json")
    report = found.json("check")
    said = report["findings"]
    assert found.status == int(any(one["severity"] == "error" for one in said))
    assert all(one["problem"] and not str(one["problem"]).endswith(".") for one in said)
    return report


def findings_of(report: dict[str, list[dict[str, Plain]]]) -> list[tuple[str, str, str]]:
    """Return severity, where and problem of each finding."""
    return [
        (str(one["severity"]), str(one["where"]), str(one["problem"])) for one in report["findings"]
    ]


def findings(command: Command, *arguments: str | Path) -> list[tuple[str, str, str]]:
    """Check, and return severity, where and problem of each finding."""
    return findings_of(checked(command, *arguments))


def test_every_refusal_is_told_at_once(command: Command, tmp_path: Path) -> None:
    bad = package(tmp_path, "bad")
    (Path(bad) / "stray.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n")
    declared: Plain = {
        "surprise": 1,
        "offline": "maybe",
        "cache": {"readOnly": {"mountPath": "relative"}},
        "packages": {
            "Upper": {"path": "x"},
            "pathless": {},
            "nowhere": {"path": "nowhere"},
            "bad": {"path": bad, "package": "unqualified", "runtimeImage": "x"},
            "one": {"path": package(tmp_path, "one"), "package": f"{ACME}/one:v1"},
            "two": {"path": package(tmp_path, "two"), "package": f"{ACME}/one:v2"},
        },
    }
    found = findings(command, "-f", values(tmp_path, declared))
    assert {severity for severity, _, _ in found} == {"error"}
    told = "\n".join(f"{where}: {problem}" for _, where, problem in found)
    for expected in (
        'unknown key "surprise"',
        "offline is neither true nor false",
        "mountPath is not an absolute path",
        '"Upper" is not a DNS-1123 label',
        "pathless.path is missing",
        "package nowhere, nowhere: no such file",
        'package bad .*"unqualified"',
        'stray.yaml": a Configuration of Crossplane 2.4.2 must not hold "v1 Secret"',
        "a Configuration runs nothing",
        "packages one and two: both have the source",
    ):
        assert re.search(expected, told), told
    assert len(found) == 10


REFUSED = {
    "unqualified": "{packages: {network: {path: packages/network, package: acme/network}}}",
    "no-image": "{packages: {nop: {path: packages/nop}}}",
    "digest": "{packages: {network: {path: packages/network, package: 'x.io/a/b@sha256:%s'}}}"
    % ("0" * 64),
    "two-of-a-source": "{packages: {one: {path: packages/network, package: 'x.io/a/one:v1'},"
    " two: {path: packages/network, package: 'x.io/a/one:v2'}}}",
    "two-of-a-key": "{packages: {one: {path: packages/network, package: 'x.io/a/one:v1'},"
    " two: {path: packages/network, package: 'x.io/a-one:v2'}}}",
    "volume-too-small": "{cache: {readWrite: {sizeLimit: '10'}},"
    " packages: {network: {path: packages/network}}}",
    "offline": "{offline: true, packages: {platform: {path: packages/platform}}}",
    "no-such-path": "{packages: {network: {path: nowhere}}}",
    "no-such-key": "{packages: {network: {pth: x}}}",
}


@pytest.mark.parametrize("spec", REFUSED.values(), ids=REFUSED)
def test_what_the_filter_refuses_is_an_error(
    command: Command, spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(GOLDEN)
    head = "apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nmetadata: {name: x}\n"
    config = tmp_path / "devcache.yaml"
    config.write_text(f"{head}spec: {spec}\n")
    rendered = (GOLDEN / "crossplane-2.4" / "input-helm3.yaml").read_text()
    with pytest.raises(DevcacheError) as refused:
        manifests.modified(rendered, devcache.load(config.read_text(), where="x"), Path())
    told = [problem for severity, _, problem in findings(command, "--config", config)]
    known = refused.value.problem.partition(" bytes")[0].removeprefix("the packages take ")
    assert any(known in problem for problem in told), (refused.value.problem, told)


@dataclass(frozen=True)
class Dependency:
    """A package that depends on another, and what is said of it."""

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
    Dependency("a-pre-release-that-is-asked-for", ">=v0.1.0-0", "v0.2.0-rc.1"),
    Dependency(
        "no-version", ">=v0.1.0", "main", state="refused", error='"main", which is not a version'
    ),
    Dependency("a-digest", DIGEST, state="refused", error="dependsOn names"),
    Dependency("a-digest-on-an-old-line", DIGEST, line="1.17", error="improper"),
    Dependency("a-comma", ">=v0.1.0, <v1.0.0", line="1.20.11"),
    Dependency("a-blank", ">=v0.1.0 <v1.0.0"),
    Dependency("a-blank-on-an-old-line", ">=v0.1.0 <v1.0.0", line="1.20.11", error="improper"),
    Dependency("no-range", "", error="improper"),
    Dependency("another-name", ">=v0.1.0", name="network", warning="calls .* acme-network"),
    Dependency(
        "only-in-the-cache", ">=v0.1.0", install=False, warning="acme-network has install: false"
    ),
]


@pytest.mark.parametrize("case", DEPENDENCIES, ids=lambda case: case.reason)
def test_a_dependency_that_is_local(command: Command, case: Dependency, tmp_path: Path) -> None:
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
    found = findings_of(report)
    expected = [("error", case.error)] * bool(case.error) + [("warning", case.warning)] * bool(
        case.warning
    )
    assert [severity for severity, _, _ in found] == [severity for severity, _ in expected]
    for (_, _, problem), (_, pattern) in zip(found, expected, strict=True):
        assert re.search(pattern, problem), problem
    (resolution,) = report["dependencies"]
    assert (resolution["state"], resolution["local"]) == (case.state, case.name)
    assert resolution["resolverName"] == "acme-network"


class Absent(NamedTuple):
    """A package that depends on one that is not local, and another local one."""

    source: str
    name: str = "network"
    reference: str = ""
    severities: tuple[str, ...] = ()
    problem: str = ""


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Absent(f"{ACME}/other"), id="pulled"),
        pytest.param(
            Absent(f"{ACME}/network", severities=("warning",), problem="Crossplane pulls it"),
            id="perhaps-meant",
        ),
        pytest.param(
            Absent("xpkg.devcache.local/x", severities=("error",), problem="no registry has it"),
            id="no-registry",
        ),
        pytest.param(
            Absent(
                f"{ACME}/other",
                "acme-other",
                f"{ACME}/network:v1.0.0",
                ("error",),
                "calls it acme-other, but that is the name of",
            ),
            id="its-name-is-taken",
        ),
    ],
)
def test_a_dependency_that_is_not_local(command: Command, tmp_path: Path, case: Absent) -> None:
    declared: Plain = {
        "packages": {
            "platform": {"path": package(tmp_path, "platform", [(case.source, ">=v0.1.0")])},
            case.name: {"path": package(tmp_path, "network"), "package": case.reference or None},
        }
    }
    given = ("-f", values(tmp_path, declared))
    report = checked(command, *given)
    found = findings_of(report)
    assert tuple(severity for severity, _, _ in found) == case.severities
    assert all(case.problem in told for _, _, told in found)
    (resolution,) = report["dependencies"]
    assert (resolution["state"], resolution["local"]) == ("pulled", "")
    offline = findings(command, *given, "--offline")
    assert any("offline is set" in told for _, _, told in offline)


def test_packages_that_depend_on_each_other(command: Command, tmp_path: Path) -> None:
    declared: Plain = {
        "packages": {
            f"acme-{name}": {
                "path": package(tmp_path, name, [(f"{ACME}/{other}", ">=v0.1.0")]),
                "package": f"{ACME}/{name}:v0.1.0",
            }
            for name, other in (("one", "two"), ("two", "one"))
        }
    }
    (found,) = findings(command, "-f", values(tmp_path, declared))
    assert found[0] == "error"
    assert "in a cycle" in found[2]


@pytest.mark.parametrize(
    ("wanted", "line", "problem"),
    [
        pytest.param(">=v1.14.0-0", "2.4", "", id="admitted"),
        pytest.param(">=v2.0.0", "1.20.11", "does not admit Crossplane 1.20.11", id="too-old"),
        pytest.param(">=v2.0.0 <v3.0.0", "2.2.1", "improper", id="improper"),
    ],
)
def test_the_crossplane_that_a_package_wants(
    command: Command, tmp_path: Path, wanted: str, line: str, problem: str
) -> None:
    path = package(tmp_path, "platform", crossplane={"version": wanted})
    given = values(tmp_path, {"packages": {"platform": {"path": path}}})
    found = findings(command, "-f", given, "--crossplane", line)
    assert [problem in told for _, _, told in found] == [True] * bool(problem)
    declared: Plain = {"path": path, "spec": {"ignoreCrossplaneConstraints": True}}
    ignored = values(tmp_path, {"packages": {"platform": declared}})
    assert findings(command, "-f", ignored, "--crossplane", line) == []


PROVIDER = {"path": str(XPKG / "provider-with-runtime.xpkg"), "package": f"{ACME}/nop:v0.5.0"}


@pytest.mark.parametrize(
    ("line", "declared", "problem"),
    [
        pytest.param("2.4", {}, "its image is pulled from .*acme/nop@sha256", id="pushed"),
        pytest.param("2.4", {"runtimeImage": "x"}, "", id="an-image-that-nodes-pull"),
        pytest.param("2.1", {}, "on every node .*nop:v0.5.0", id="never-pulled"),
        pytest.param("2.1", {"runtimeImage": "x"}, 'on every node .*"x"', id="never-pulled-either"),
        pytest.param("2.1", {"install": False}, "", id="not-run"),
    ],
)
def test_what_a_provider_runs(
    command: Command, tmp_path: Path, line: str, declared: dict[str, Plain], problem: str
) -> None:
    given = values(tmp_path, {"packages": {"nop": {**PROVIDER, **declared}}})
    found = findings(command, "-f", given, "--crossplane", line)
    assert [severity for severity, _, _ in found] == ["warning"] * bool(problem)
    assert all(re.search(problem, told) for _, _, told in found)


def test_a_provider_that_no_registry_can_have_is_told_once(
    command: Command, tmp_path: Path
) -> None:
    given = values(tmp_path, {"packages": {"nop": {"path": PROVIDER["path"]}}})
    ((severity, _, problem),) = findings(command, "-f", given)
    assert severity == "error"
    assert "no registry has the image" in problem


class Sized(NamedTuple):
    """A package of so many bytes packed, and which ceilings it exceeds."""

    size: int
    devcache: dict[str, Plain]
    crossplane: dict[str, Plain]
    refused: tuple[str, ...]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Sized(1_000, {}, {}, ()), id="fits"),
        pytest.param(Sized(800_000, {}, {}, ("Helm release",)), id="release"),
        pytest.param(Sized(800_000, {"limits": {"release": False}}, {}, ()), id="no-secret"),
        pytest.param(Sized(1_100_000, {}, {}, ("ConfigMap", "Helm release")), id="config-map"),
        pytest.param(
            Sized(
                50_000,
                {"cache": {"readWrite": {"sizeLimit": ""}}},
                {"packageCache": {"sizeLimit": "10Ki"}},
                ("cache volume",),
            ),
            id="the-charts-own-limit",
        ),
        pytest.param(
            Sized(
                50_000,
                {"cache": {"readWrite": {"sizeLimit": ""}}},
                {"packageCache": {"sizeLimit": "10Ki", "pvc": "claim"}},
                (),
            ),
            id="a-claim",
        ),
    ],
)
def test_sizes_against_each_ceiling(command: Command, tmp_path: Path, case: Sized) -> None:
    path = str(incompressible(tmp_path / "large", case.size))
    declared: Plain = {"packages": {"large": {"path": path}}, **case.devcache}
    report = checked(command, "-f", values(tmp_path, declared, crossplane=case.crossplane))
    assert tuple(where for _, where, _ in findings_of(report)) == case.refused
    over = [
        one["what"]
        for one in report["sizes"]
        if isinstance(one["ceiling"], int) and int(str(one["bytes"])) > one["ceiling"]
    ]
    assert tuple(over) == case.refused


def test_several_values_files_are_merged_as_by_helm(command: Command, tmp_path: Path) -> None:
    path = package(tmp_path, "platform")
    below: Plain = {"packages": {"platform": {"path": path}, "gone": {"path": "nowhere"}}}
    above: Plain = {"packages": {"platform": {"package": f"{ACME}/platform:v1"}, "gone": None}}
    first, second = values(tmp_path, below), values(tmp_path, above, "more.yaml")
    found = command("check", "-f", first, "-f", second, "-o", "json").json("check")
    (read,) = found["packages"]
    assert (read["path"], read["package"]) == (path, f"{ACME}/platform:v1")
    assert found["findings"] == []


@pytest.mark.parametrize(
    ("enabled", "version"),
    [pytest.param(False, "v2.1.3", id="beside-it"), pytest.param(True, "v2.2.1", id="its-own")],
)
def test_values_of_an_umbrella_chart(
    command: Command, tmp_path: Path, version: str, *, enabled: bool
) -> None:
    ours: Plain = {
        "crossplane": {"enabled": enabled, "image": {"tag": "v2.2.1"}},
        "devcache": {"packages": {"platform": {"path": package(tmp_path, "platform")}}},
    }
    beside: Plain = {"image": {"tag": "v2.1.3"}}
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump({"crossplane": beside, "crossplane-devcache": ours, "db": {}}))
    found = command("check", "-f", path, "-o", "json").json("check")
    assert [one["name"] for one in found["packages"]] == ["platform"]
    assert str(found["crossplane"]) == version


@pytest.mark.parametrize(
    ("crossplane", "problem"),
    [
        pytest.param({"packageCache": {"configMap": "x"}}, "which is read-only", id="read-only"),
        pytest.param(
            {"configuration": {"packages": [f"{ACME}/platform:v2"]}},
            "is installed by the chart's own package lists",
            id="listed",
        ),
        pytest.param({"image": {"tag": "v2.1.3"}}, "", id="version"),
    ],
)
def test_what_the_values_say_of_crossplane(
    command: Command, tmp_path: Path, crossplane: Plain, problem: str
) -> None:
    path = package(tmp_path, "platform")
    declared: Plain = {"packages": {"platform": {"path": path, "package": f"{ACME}/platform:v1"}}}
    report = checked(command, "-f", values(tmp_path, declared, crossplane=crossplane))
    found = findings_of(report)
    assert [problem in told for _, _, told in found] == [True] * bool(problem)
    version = str(report["crossplane"])
    assert version == (chart.CROSSPLANE if problem else "v2.1.3")


@pytest.mark.parametrize("given", ["examples/values.yaml", "examples/fleet.yaml"])
@pytest.mark.parametrize("line", ["1.14", "1.20", "2.1", "2.2", "2.4"])
def test_the_examples_have_no_errors(
    command: Command, given: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    found = findings(command, "-f", given, "--crossplane", line)
    assert {severity for severity, _, _ in found} <= {"warning"}


def test_people_see_tables(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = command("check", "-f", "examples/fleet.yaml", "--crossplane", "1.20")
    assert (found.status, found.stderr) == (0, "")
    assert "\x1b" not in found.stdout, "no colour where there is no terminal"
    lines = found.stdout.splitlines()
    assert any(
        re.match(r"fleet +xpkg.example.org/acme/function-zones +>=v0.1.0 +local", one)
        for one in lines
    )
    assert any(one.startswith("warning   package acme-function-zones  its image") for one in lines)
    assert lines[-1] == "packages: 2, errors: 0, warnings: 1; for Crossplane 1.20"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: [\n", "not valid YAML", id="no-yaml"),
        pytest.param("- a\n", "is not a mapping", id="no-mapping"),
        pytest.param("devcache: 1\n", "devcache is not a mapping", id="no-block"),
        pytest.param("devcache: {crossplaneVersion: '9.9'}\n", "not known yet", id="too-new"),
        pytest.param("devcach: {}\n", "did you mean devcache?", id="unknown-key"),
        pytest.param("crossplane-devcache: {devcach: {}}\n", "did you mean devcache?", id="deep"),
        pytest.param("kind: DevCache\n", "pass it with --config", id="a-document"),
    ],
)
def test_values_that_cannot_be_read(
    command: Command, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "values.yaml"
    path.write_text(text)
    assert message in command("check", "-f", path, "-o", "json").message()


@pytest.mark.parametrize("arguments", [(), ("-f", "x", "--config", "y")])
def test_check_needs_one_declaration(command: Command, arguments: tuple[str, ...]) -> None:
    found = command("check", *arguments)
    assert (found.status, found.stdout) == (2, "")
    assert "either -f FILE or --config FILE" in found.stderr


def test_what_the_chart_brings_is_known() -> None:
    described = yaml.safe_load((ROOT / "charts/crossplane-devcache/Chart.yaml").read_text())
    assert described["dependencies"][0]["version"] == chart.CROSSPLANE
    rendered = [path.read_bytes() for path in sorted(GOLDEN.glob("*/input-*.yaml"))]
    assert len(rendered) > 30
    assert max(len(zlib.compress(one, 9)) for one in rendered) <= chart.MANIFESTS
    assert f"sizeLimit: {chart.SIZE_LIMIT}".encode() in rendered[0]
