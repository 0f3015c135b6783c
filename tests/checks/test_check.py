"""`check`: all problems of a declaration, before anything touches a cluster."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.release import chart
from tests.shared import manifests
from tests.shared.checking import checked, findings, findings_of, values
from tests.shared.configurations import ACME, package
from tests.shared.paths import GOLDEN, ROOT

if TYPE_CHECKING:
    from tests.shared.command import Command
    from tests.shared.programs import Plain


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
        pytest.param("kind: DevCache\n", "give it by --config", id="a-document"),
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
