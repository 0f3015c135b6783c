"""`check` on the objects in packages: the verdicts of Crossplane and the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from postrender import result_cache
from postrender.checks import contents, objects, schemas
from postrender.crossplane import kinds, layouts
from postrender.packages.budget import Allowance
from tests.shared.checking import findings, values
from tests.shared.package_files import META, Image, directory, packed, tar
from tests.shared.verdicts import VERDICTS, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.command import Command
    from tests.shared.programs import Plain

COMPOSITION = b"""\
apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata: {name: widgets}
spec:
  compositeTypeRef: {apiVersion: example.org/v1, kind: XWidget}
"""

REFUSED = (
    "an array of pipeline steps is required in Pipeline mode: the API server refuses the"
    " Composition"
)

PIPELINE = COMPOSITION + b"  pipeline: [{step: one, functionRef: {name: fn}}]\n"
OTHER = PIPELINE.replace(b"name: widgets", b"name: others")


def violations_of(name: str, line: tuple[int, int], value: Plain) -> list[schemas.Violation]:
    api_version, kind = name.split(" ")
    return schemas.violations(api_version, kind, line, value)


def check(
    command: Command, tmp_path: Path, path: Path, line: str = "2.4"
) -> list[tuple[str, str, str]]:
    declared: Plain = {"packages": {"platform": {"path": str(path)}}}
    return findings(command, "-f", values(tmp_path, declared), "--crossplane", line)


@pytest.mark.parametrize(
    "verdict", VERDICTS, ids=lambda verdict: f"{verdict.line} {verdict.reason}"
)
def test_verdicts_of_real_programs(verdict: Verdict) -> None:
    value = objects.read(verdict.source, Allowance(1000, ""), where="")
    api_version, kind = str(verdict.object["apiVersion"]), str(verdict.object["kind"])
    major, minor = map(int, verdict.line.split("."))
    violations = schemas.violations(api_version, kind, (major, minor), value)
    assert {violation.field for violation in violations} == set(verdict.fields)
    judges = {violation.judge for violation in violations}
    assert judges == {verdict.verdict} - {"accepted"}


def test_a_finding_names_file_document_and_field(command: Command, tmp_path: Path) -> None:
    files = {
        "crossplane.yaml": META,
        "more/all.yaml": b"# nothing\n---\n" + OTHER + b"---\n" + COMPOSITION,
    }
    assert check(command, tmp_path, directory(tmp_path / "platform", files)) == [
        (
            "error",
            'package platform, file "more/all.yaml", document 2, spec',
            REFUSED,
        )
    ]


def test_a_file_with_the_meta_object_and_others(command: Command, tmp_path: Path) -> None:
    files = {"crossplane.yaml": OTHER + b"---\n" + META + b"---\n" + COMPOSITION}
    ((_, where, _),) = check(command, tmp_path, directory(tmp_path / "platform", files))
    assert where == 'package platform, file "crossplane.yaml", document 3, spec'


def test_an_archive(command: Command, tmp_path: Path) -> None:
    stream = META + b"---\n---\n" + COMPOSITION.replace(b"name: widgets", b"name: 1")
    path = Image([packed(tar({"package.yaml": stream}))]).write(tmp_path)
    ((_, where, problem),) = check(command, tmp_path, path, "1.20")
    assert where == 'package platform, file "package.yaml", document 2, metadata.name'
    assert problem == "is not a string: Crossplane cannot parse the package"


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        pytest.param(b"labels: {a: true}", "labels.a is not a string", id="type"),
        pytest.param(b"labels: {a: b c}", "labels.a is not the value of a label", id="label"),
        pytest.param(b"annotations: {a b: c}", "annotations has a key that is not", id="key"),
        pytest.param(b"annotations: {A.b/c: d e}", "", id="valid"),
    ],
)
def test_the_meta_object(command: Command, tmp_path: Path, metadata: bytes, problem: str) -> None:
    """Crossplane copies its labels and annotations to the revision."""
    files = {"crossplane.yaml": META + b"  " + metadata + b"\n"}
    results = check(command, tmp_path, directory(tmp_path / "platform", files))
    texts = [f"{where} {problem_}" for _, where, problem_ in results]
    assert [
        text.startswith(f"package platform, Configuration, metadata.{problem}") for text in texts
    ] == [True] * bool(problem)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"x: &mode Resources\n" + COMPOSITION + b"  mode: *mode\n", id="an-alias"),
        pytest.param(COMPOSITION + b"  <<: {mode: Resources}\n", id="a-merge-key"),
        pytest.param(COMPOSITION + b"  mode: !!str Resources\n", id="a-tag"),
        pytest.param(COMPOSITION + b"  a: " + b"[" * 250 + b"]" * 250 + b"\n", id="deep"),
        pytest.param(
            b"apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\n",
            id="a-kind-without-schema",
        ),
    ],
)
def test_no_guess_about_an_object_that_is_not_covered(
    command: Command, tmp_path: Path, document: bytes
) -> None:
    meta = META.replace(b"Configuration", b"Provider") if b"k8s.io" in document else META
    files = {"crossplane.yaml": meta, "a.yaml": document}
    results = check(command, tmp_path, directory(tmp_path / "platform", files), "1.20")
    assert [result for result in results if "file" in result[1]] == []


def test_no_content_of_a_file_in_the_output(command: Command, tmp_path: Path) -> None:
    document = COMPOSITION + b"  mode: s3cret\n  pipeline: s3cret\n  patchSets: {a: s3cret}\n"
    files = {"crossplane.yaml": META, "a.yaml": document}
    results = check(command, tmp_path, directory(tmp_path / "platform", files), "1.20")
    assert len(results) == 3
    assert "s3cret" not in str(results)


def test_the_number_of_findings_is_limited(command: Command, tmp_path: Path) -> None:
    labels = b", ".join(b"a%d: %d" % (number, number) for number in range(1000))
    document = PIPELINE.replace(b"name: widgets", b"name: widgets, labels: {%s}" % labels)
    files = {"crossplane.yaml": META, "a.yaml": document}
    results = check(command, tmp_path, directory(tmp_path / "platform", files))
    assert [severity for severity, _, _ in results] == ["error"] * 20 + ["note"]
    assert "more than 20 fields" in results[-1][2]


def test_one_finding_for_a_large_object(command: Command, tmp_path: Path) -> None:
    """An error takes memory, so a hostile object must not have many."""
    labels = b", ".join(b"a%d: %d" % (number, number) for number in range(30_000))
    document = PIPELINE.replace(b"name: widgets", b"name: widgets, labels: {%s}" % labels)
    files = {"crossplane.yaml": META, "a.yaml": document}
    ((_, where, problem),) = check(command, tmp_path, directory(tmp_path / "platform", files))
    assert "metadata.labels.a" in where
    assert problem == "is not a string: Crossplane cannot parse the package"


def test_the_number_of_nodes_is_limited(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "_NODES", 30)
    files = {"crossplane.yaml": META, "a.yaml": OTHER, "b.yaml": COMPOSITION}
    ((severity, _, problem),) = check(command, tmp_path, directory(tmp_path / "platform", files))
    assert severity == "note"
    assert problem == "more than 30 nodes: the other objects are not validated"


def test_an_archive_with_invalid_yaml(command: Command, tmp_path: Path) -> None:
    """An archive is read by a fast scan, which does not see the end of a document."""
    stream = META + b"---\n" + COMPOSITION + b"  a: [\n"
    path = Image([packed(tar({"package.yaml": stream}))]).write(tmp_path)
    ((severity, where, problem),) = check(command, tmp_path, path)
    assert (severity, where) == ("error", 'package platform, file "package.yaml", document 2')
    assert "is not valid YAML" in problem


def test_each_kind_has_a_schema_in_each_line_that_admits_it() -> None:
    names = {name: first for by_name in kinds.KINDS.values() for name, first in by_name.items()}
    lines = [(1, minor) for minor in range(14, 21)] + [
        (2, minor) for minor in range(layouts.LAYOUTS[-1].last[1] + 1)
    ]
    missing = {
        name
        for name, first in names.items()
        for line in lines
        if line >= first[:2] and not violations_of(name, line, {"metadata": 1})
    }
    # Kubernetes no longer serves the first, and the source of 1.17 lacks the second.
    assert missing == {
        "apiextensions.k8s.io/v1beta1 CustomResourceDefinition",
        "meta.pkg.crossplane.io/v1 Function",
    }


def test_stored_findings_are_the_same_and_others_are_ignored(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_cache, "SMALLEST", 0)
    monkeypatch.setenv(result_cache.VARIABLE, str(tmp_path / "cache"))
    files = {"crossplane.yaml": META, "a.yaml": COMPOSITION}
    path = directory(tmp_path / "platform", files)
    first = check(command, tmp_path, path)
    assert len(first) == 1
    with monkeypatch.context() as patch:
        patch.delattr(schemas, "violations")
        assert check(command, tmp_path, path) == first, "nothing is validated again"
    (entry,) = [
        file for file in (tmp_path / "cache").rglob("*") if b"Pipeline mode" in _content(file)
    ]
    stored = entry.read_bytes()
    for damaged in (b"[[1, 2, 3, 4]]", b"{", b'[["error"]]', b'[["x", "", "", ""]]', b"1"):
        seal = result_cache._seal(entry.name, damaged)  # noqa: SLF001  # a seal that is right
        entry.write_bytes(seal + damaged)
        assert check(command, tmp_path, path) == first, damaged
    entry.write_bytes(stored)


def test_only_changed_objects_and_those_with_findings_are_validated_again(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_cache, "SMALLEST", 0)
    monkeypatch.setenv(result_cache.VARIABLE, str(tmp_path / "cache"))
    files = {"crossplane.yaml": META, "a.yaml": COMPOSITION, "b.yaml": PIPELINE, "c.yaml": OTHER}
    path = directory(tmp_path / "platform", files)
    first = check(command, tmp_path, path)
    validated = Mock(wraps=schemas.violations)
    monkeypatch.setattr(schemas, "violations", validated)
    (path / "c.yaml").write_bytes(OTHER.replace(b"name: fn", b"name: gn"))
    assert check(command, tmp_path, path) == first
    names = [call.args[3]["metadata"]["name"] for call in validated.call_args_list]
    assert names == ["widgets", "others"]
    monkeypatch.setenv(result_cache.VARIABLE, "off")
    assert check(command, tmp_path, path) == first


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""
