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
from tests.shared.declarations import config_option
from tests.shared.package_files import META, directory
from tests.shared.paths import GOLDEN, ROOT

if TYPE_CHECKING:
    from tests.shared.command import Command
    from tests.shared.programs import Plain


def test_all_refusals_are_reported_at_once(command: Command, tmp_path: Path) -> None:
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
    results = findings(command, "-f", values(tmp_path, declared))
    assert {severity for severity, _, _ in results} == {"error"}
    text = "\n".join(f"{where}: {problem}" for _, where, problem in results)
    for expected in (
        'unknown key "surprise"',
        "offline is neither true nor false",
        "mountPath is not an absolute path",
        '"Upper" is not a DNS-1123 label',
        "pathless.path is missing",
        "package nowhere, nowhere: no such file",
        'package bad: .*"unqualified"',
        'stray.yaml": a Configuration of Crossplane 2.4.2 must not hold "v1 Secret"',
        "a Configuration runs nothing",
        "packages one and two: both have the source",
    ):
        assert re.search(expected, text), text
    assert len(results) == 10


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
def test_refusals_of_the_filter_are_errors(
    command: Command, spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(GOLDEN)
    head = "apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nmetadata: {name: x}\n"
    config = tmp_path / "devcache.yaml"
    config.write_text(f"{head}spec: {spec}\n")
    rendered = (GOLDEN / "crossplane-2.4" / "input-helm3.yaml").read_text()
    with pytest.raises(DevcacheError) as refused:
        manifests.modified(rendered, devcache.load(config.read_text(), where="x"), Path())
    problems = [problem for severity, _, problem in findings(command, "--config", config)]
    phrase = refused.value.problem.partition(" bytes")[0].removeprefix("the packages take ")
    assert any(phrase in problem for problem in problems), (refused.value.problem, problems)


def test_several_values_files_are_merged_as_by_helm(command: Command, tmp_path: Path) -> None:
    path = package(tmp_path, "platform")
    below: Plain = {"packages": {"platform": {"path": path}, "gone": {"path": "nowhere"}}}
    above: Plain = {"packages": {"platform": {"package": f"{ACME}/platform:v1"}, "gone": None}}
    first, second = values(tmp_path, below), values(tmp_path, above, "more.yaml")
    report = command("check", "-f", first, "-f", second, "-o", "json").json("check")
    (package_,) = report["packages"]
    assert (package_["path"], package_["package"]) == (path, f"{ACME}/platform:v1")
    assert report["findings"] == []


@pytest.mark.parametrize(
    ("enabled", "version"),
    [pytest.param(False, "2.1.3", id="beside-it"), pytest.param(True, "2.2.1", id="its-own")],
)
def test_values_of_an_umbrella_chart(
    command: Command, tmp_path: Path, version: str, *, enabled: bool
) -> None:
    subchart: Plain = {
        "crossplane": {"enabled": enabled, "image": {"tag": "v2.2.1"}},
        "devcache": {"packages": {"platform": {"path": package(tmp_path, "platform")}}},
    }
    beside: Plain = {"image": {"tag": "v2.1.3"}}
    path = tmp_path / "values.yaml"
    path.write_text(
        yaml.safe_dump({"crossplane": beside, "crossplane-devcache": subchart, "db": {}})
    )
    report = command("check", "-f", path, "-o", "json").json("check")
    assert [package_["name"] for package_ in report["packages"]] == ["platform"]
    assert str(report["crossplane"]) == version


@pytest.mark.parametrize(
    ("crossplane", "problem"),
    [
        pytest.param({"packageCache": {"configMap": "x"}}, "which is read-only", id="read-only"),
        pytest.param(
            {"configuration": {"packages": [f"{ACME}/platform:v2"]}},
            "is installed by the chart's own package lists",
            id="listed",
        ),
    ],
)
def test_the_values_of_crossplane_are_checked_too(
    command: Command, tmp_path: Path, crossplane: Plain, problem: str
) -> None:
    path = package(tmp_path, "platform")
    declared: Plain = {"packages": {"platform": {"path": path, "package": f"{ACME}/platform:v1"}}}
    report = checked(command, "-f", values(tmp_path, declared, crossplane=crossplane))
    ((_, _, text),) = findings_of(report)
    assert problem in text
    assert str(report["crossplane"]) == chart.CROSSPLANE


@pytest.mark.parametrize(
    ("image", "version"),
    [
        pytest.param({}, chart.CROSSPLANE, id="default"),
        pytest.param({"tag": "v2.1.3"}, "2.1.3", id="tag"),
        pytest.param({"tag": f"v2.4.0@sha256:{'1' * 64}"}, "2.4.0", id="tag-and-digest"),
        pytest.param({"tag": "v2.4.0-arm64"}, "2.4.0", id="tag-of-an-architecture"),
        pytest.param({"tag": "v2.1.3", "ignoreTag": True}, chart.CROSSPLANE, id="ignored"),
        pytest.param(
            {"repository": f"x.io:5000/crossplane:v2.1.3@sha256:{'1' * 64}", "ignoreTag": True},
            "2.1.3",
            id="in-the-repository",
        ),
    ],
)
def test_the_version_of_the_image(
    command: Command, tmp_path: Path, image: Plain, version: str
) -> None:
    declared: Plain = {"packages": {"platform": {"path": package(tmp_path, "platform")}}}
    report = checked(command, "-f", values(tmp_path, declared, crossplane={"image": image}))
    assert report["findings"] == []
    assert str(report["crossplane"]) == version


@pytest.mark.parametrize(("tag", "admitted"), [("v2.0.2", False), ("v2.0.8", True)])
def test_the_patch_of_the_image_decides_which_kinds_a_package_may_hold(
    command: Command, tmp_path: Path, tag: str, *, admitted: bool
) -> None:
    path = package(tmp_path, "platform")
    (Path(path) / "policy.yaml").write_text(
        "apiVersion: apiextensions.crossplane.io/v1alpha1\n"
        "kind: ManagedResourceActivationPolicy\n"
        "metadata: {name: mine}\n"
        'spec: {activate: ["*.example.org"]}\n'
    )
    declared: Plain = {"packages": {"platform": {"path": path}}}
    crossplane: Plain = {"image": {"tag": tag}}
    results = findings(command, "-f", values(tmp_path, declared, crossplane=crossplane))
    assert [severity for severity, _, _ in results] == ["error"] * (not admitted)


@pytest.mark.parametrize("path", ["examples/values.yaml", "examples/fleet.yaml"])
@pytest.mark.parametrize("line", ["1.14", "1.20", "2.1", "2.2", "2.4"])
def test_the_examples_have_no_errors(
    command: Command, path: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    results = findings(command, "-f", path, "--crossplane", line)
    assert {severity for severity, _, _ in results} <= {"warning"}


def test_the_default_output_is_tables(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    run = command("check", "-f", "examples/fleet.yaml", "--crossplane", "1.20")
    assert (run.status, run.stderr) == (0, "")
    assert "\x1b" not in run.stdout, "no colour where there is no terminal"
    lines = run.stdout.splitlines()
    assert any(
        re.match(r"fleet +xpkg.example.org/acme/function-zones +>=v0.1.0 +local", line)
        for line in lines
    )
    assert any(
        line.startswith("warning   package acme-function-zones  its image") for line in lines
    )
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
        pytest.param("- a\n", "hint: write its fields as `key: value` pairs", id="no-mapping-hint"),
        pytest.param(
            "a: 1\na: 2\n", "hint: keep one of them: Helm would silently take", id="a-key-twice"
        ),
        pytest.param("a:\n\tb: 1\n", "hint: indent the line with blanks", id="a-tab"),
        pytest.param("a: b\n \tc: d\n", "hint: indent the line with blanks", id="blank-and-tab"),
        pytest.param("a: \ud83d\n", "hint: save the file as UTF-8", id="no-utf-8"),
        # The files that remain of a command that failed, or of packages that were all removed.
        pytest.param("", "declares no packages\nhint: declare them in devcache.p", id="empty"),
        pytest.param("# later\n", "declares no packages", id="comments"),
        pytest.param("devcache: {packages: {a: null}}\n", "declares no packages", id="removed"),
    ],
)
def test_invalid_values_are_refused(
    command: Command, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "values.yaml"
    path.write_bytes(text.encode(errors="surrogatepass"))
    assert message in command("check", "-f", path, "-o", "json").message()


def test_a_document_without_packages_is_refused(command: Command, tmp_path: Path) -> None:
    option = config_option(tmp_path, "{}")
    assert (
        "declares no packages\nhint: declare them in spec.p" in command("check", option).message()
    )


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        pytest.param("~/platform", "write the full path", id="home"),
        pytest.param("$HOME/platform", "write the full path", id="variable"),
        pytest.param("${HOME}/platform", "write the full path", id="variable-in-braces"),
        pytest.param("-", "does not mean stdin", id="stdin"),
        pytest.param("platform~/gone", "relative paths start", id="a-tilde-elsewhere"),
    ],
)
def test_a_missing_path_has_a_hint(command: Command, tmp_path: Path, path: str, hint: str) -> None:
    declared = values(tmp_path, {"packages": {"platform": {"path": path}}})
    (finding,) = checked(command, "-f", declared)["findings"]
    assert "no such file" in str(finding["problem"])
    assert hint in str(finding["hint"])
    for option in ("-f", "--config"):
        assert hint in command("check", option, path).message()


def test_a_directory_is_no_values_file(command: Command, tmp_path: Path) -> None:
    assert "is a directory\nhint: name a file" in command("check", "-f", tmp_path).message()


def test_the_table_has_a_long_hint_once(command: Command, tmp_path: Path) -> None:
    path = package(tmp_path, "platform")
    for name in ("a", "b", "c"):
        (Path(path) / f"{name}.yaml").write_text("apiVersion: v1\nkind: Secret\n")
    declared = values(tmp_path, {"packages": {"platform": {"path": path}}})
    table = command("check", "-f", declared).stdout
    assert table.count("it may hold") == 1
    [finding] = checked(command, "-f", declared)["findings"]
    assert 'files "a.yaml", "b.yaml", "c.yaml"' in str(finding["where"])


def test_all_findings_name_a_package_in_the_same_form(command: Command, tmp_path: Path) -> None:
    """One is a refusal of the filter, another a finding of `check` alone."""
    function = {"crossplane.yaml": META.replace(b"Configuration", b"Function")}
    path = str(directory(tmp_path / "function", function))
    needs = package(tmp_path, "platform", [(f"{ACME}/function", ">=v1.0.0")])
    declared: Plain = {
        "packages": {
            "function": {"path": path, "package": f"{ACME}/function:v1.0.0", "runtimeImage": "a b"},
            "other": {"path": path, "package": f"{ACME}/other.:v1.0.0", "spec": {}},
            "platform": {"path": needs},
        }
    }
    wheres = {where for _, where, _ in findings(command, "-f", values(tmp_path, declared))}
    assert "package other" in wheres
    assert not any("(" in where for where in wheres)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param((), "-f FILE or --config FILE is required", id="none"),
        pytest.param(("-f", "x", "--config", "y"), "-f and --config exclude each other", id="both"),
    ],
)
def test_check_requires_exactly_one_declaration(
    command: Command, arguments: tuple[str, ...], problem: str
) -> None:
    run = command("check", *arguments)
    assert (run.status, run.stdout) == (2, "")
    assert problem in run.stderr
