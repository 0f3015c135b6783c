"""Package directories: the files of a package, their order, and refusals."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postrender import packages
from postrender.errors import DevcacheError
from tests.shared.package_files import META, XRD, Link, digest, directory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def test_files_are_joined_unchanged(tmp_path: Path) -> None:
    files: dict[str, bytes | Link] = {
        "b.yaml": b"--- # its own separator\n" + XRD,
        "a.yaml": b"# comment\n" + XRD.rstrip(),
        "c/d.yml": XRD.replace(b"\n", b"\r\n"),
        "c/empty.yaml": b"",
    }
    package = packages.read(directory(tmp_path, files))
    assert package.package_yaml.content == (
        META
        + b"---\n# comment\n"
        + XRD
        + b"--- # its own separator\n"
        + XRD
        + b"---\n"
        + XRD.replace(b"\n", b"\r\n")
    )
    assert [member.file for member in package.members] == ["a.yaml", "b.yaml", "c/d.yml"]
    assert (package.digest, package.digest_is_registrys) == (
        digest(package.package_yaml.content),
        False,
    )


def test_the_directory_itself_may_be_a_link(tmp_path: Path) -> None:
    root = directory(tmp_path / "root", {"a.yaml": XRD, "b.yaml": Link("a.yaml")})
    link = tmp_path / "link"
    link.symlink_to(root)
    assert packages.read(link)[:-1] == packages.read(root)[:-1]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("orders")


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(["a.yaml", "a/b.yaml", "a/B.yml", "a-b.yaml", "é.yaml", "z/1.yaml"]))
def test_the_order_of_creation_does_not_matter(fresh: Path, order: list[str]) -> None:
    root = fresh / str(len(list(fresh.iterdir())))
    package = packages.read(directory(root, dict.fromkeys(order, XRD)))
    assert [member.file for member in package.members] == [
        "a/B.yml",
        "a/b.yaml",
        "a-b.yaml",
        "a.yaml",
        "z/1.yaml",
        "é.yaml",
    ]


@dataclass(frozen=True)
class Refusal:
    files: Mapping[str, bytes | Link]
    problem: str
    place: str = ""
    """The rest of its `where`, behind the directory."""
    hint: str = ""
    ignore: Sequence[str] = field(default=())


REFUSALS = {
    "no meta object": Refusal({"crossplane.yaml": XRD}, "no meta object"),
    "an empty crossplane.yaml": Refusal({"crossplane.yaml": b""}, "no meta object"),
    "crossplane.yaml is ignored": Refusal({}, "no meta object", ignore=["cross*"]),
    "two meta objects": Refusal(
        {"a/b.yaml": META, "a/c.yaml": XRD},
        "2 meta objects (in a/b.yaml, crossplane.yaml)",
        "",
        "or leave the others out of crossplane.yaml with --ignore='a/*'",
    ),
    "two meta objects in folders": Refusal(
        {"crossplane.yaml": XRD, "a/b.yaml": META, "c/b.yaml": META},
        "2 meta objects",
        "",
        "name the directory of one package",
    ),
    "two meta objects in one file": Refusal({"crossplane.yaml": META + b"---\n" + META}, "2 meta"),
    "a project of the crossplane CLI": Refusal(
        {
            "crossplane.yaml": XRD,
            "crossplane-project.yaml": b"apiVersion: dev.crossplane.io/v1alpha1\nkind: Project\n",
        },
        "no meta object",
        "",
        "crossplane-project.yaml is a project: run `crossplane project build`",
    ),
    "a project of the up CLI": Refusal(
        {
            "crossplane.yaml": b"",
            ".github/workflows/ci.yaml": b"on: push\n",
            "upbound.yaml": b"apiVersion: meta.dev.upbound.io/v2alpha1\nkind: Project\n",
        },
        "no meta object",
        "",
        "upbound.yaml is a project: run `up project build`",
    ),
    "no package, but another file": Refusal(
        {"crossplane.yaml": b"", "mkdocs.yml": b"site: x\n"},
        "no meta object",
        "",
        "crossplane.yaml",
    ),
    "crossplane.yaml is no object": Refusal(
        {"crossplane.yaml": b"a: b\n"}, "has no apiVersion", "/crossplane.yaml, line 1"
    ),
    "several files are no objects": Refusal(
        {
            ".github/workflows/a.yaml": b"on: push\n",
            ".github/workflows/b.yml": b"on: push\n",
            "apis/xrd.yaml": XRD,
            "apis/values.yaml": b"- 1\n",
        },
        "3 files have documents that are not Kubernetes objects: .github/workflows/a.yaml,"
        " .github/workflows/b.yml, apis/values.yaml",
        "",
        "leave the other files out with --ignore='.github/workflows/*,apis/values.yaml'",
    ),
    "some files are broken or partly objects": Refusal(
        {"a.yaml": XRD + b"---\n- 1\n", "b.yaml": b"a: b\n", "c.yaml": b"a: [\n"},
        "3 files have documents that are broken or not objects: a.yaml (line 4, column 1: a"
        " document is not a mapping), b.yaml, c.yaml (line 2, column 1: is not valid YAML",
        "",
        "with --ignore=b.yaml",
    ),
    "very many files are no objects": Refusal(
        {f"{number:02}.yaml": b"a: b\n" for number in range(30)},
        "19.yaml, and 10 more",
        "",
        "with --ignore",
    ),
    "a range of Crossplane versions that is none": Refusal(
        {"crossplane.yaml": META + b"spec: {crossplane: {version: latest}}\n"},
        'spec.crossplane.version is not a range of versions: "latest"',
        "/crossplane.yaml",
        "or remove crossplane",
    ),
    "an empty range of Crossplane versions": Refusal(
        {"crossplane.yaml": META + b"spec: {crossplane: {}}\n"}, "version is missing"
    ),
    "a link to a file outside": Refusal(
        {"a.yaml": Link("/etc/hostname")}, "outside of", "/a.yaml", "leave the link out"
    ),
    "a relative link to a file outside": Refusal(
        {"a.yaml": Link("../x.yaml")}, "outside of", "/a.yaml"
    ),
    "a link to a folder outside": Refusal({"crds": Link("..")}, "outside of", "/crds"),
    "a link to a link that leads outside": Refusal(
        {"a.yaml": Link("b"), "b": Link("../x.yaml")}, "outside of", "/a.yaml"
    ),
    "a linked crossplane.yaml": Refusal(
        {"crossplane.yaml": Link("/etc/hostname")}, "outside of", "/crossplane.yaml"
    ),
    "invalid UTF-8": Refusal(
        {"a.yaml": XRD + "# ä".encode() + b"\xff\n"},
        "is not UTF-8",
        "/a.yaml, line 3, column 4",
    ),
    "UTF-16": Refusal({"a.yaml": XRD.decode().encode("utf-16")}, "is not UTF-8", "/a.yaml, line 1"),
    "broken YAML": Refusal(
        {"a.yaml": XRD + b"---\n# 2\n" + XRD + b"spec: {a: b\nc: d\n"},
        "is not valid YAML",
        "/a.yaml, line 8, column 2",
    ),
    "a tab": Refusal({"a.yaml": XRD + b"spec:\n\ta: b\n"}, "is not valid", "/a.yaml, line 4, c"),
    "a control character": Refusal(
        {"a.yaml": XRD + b"a: b\nc: \x01\n"}, "does not allow", "/a.yaml, line 4, column 4"
    ),
    "a separator after a line break of YAML alone": Refusal(
        {"a.yaml": (XRD + b"---\n" + XRD).replace(b"\n", b"\r")},
        "continues after its end",
        "/a.yaml, line 3, column 1",
    ),
    "a separator with content": Refusal(
        {"a.yaml": XRD + b"--- {}\n"}, "more than a comment", "/a.yaml, line 3"
    ),
    "no kind": Refusal(
        {".github/ci.yml": b"# CI\non: push\n"},
        "has no apiVersion",
        "/.github/ci.yml, line 2, column 1",
        "leave the other files out with --ignore='.github/*'",
    ),
    "a list": Refusal({"values.yaml": b"- 1\n"}, "is not a mapping", "/values.yaml, line 1"),
    "an odd name": Refusal({"a\x85.yaml": b"- 1\n"}, "is not a mapping"),
    "a chain of links": Refusal(
        {f"{number:04}.yaml": Link(f"{number + 1:04}.yaml") for number in range(3000)}
        | {"3000.yaml": b"- 1\n"},
        "41 files have documents that are not Kubernetes objects: 2960.yaml, 2961.yaml",
    ),
    "a bad pattern": Refusal({}, "bad pattern", ignore=["["]),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS)
def test_a_bad_directory_has_one_clear_error(tmp_path: Path, case: Refusal) -> None:
    root = directory(tmp_path / "root", case.files)
    (tmp_path / "x.yaml").write_bytes(XRD)
    with pytest.raises(DevcacheError) as refused:
        packages.read(root, ignore=case.ignore)
    assert case.problem in refused.value.problem
    assert case.hint in refused.value.hint
    if case.place:
        assert refused.value.where.startswith(f"{root}{case.place}")
    assert str(refused.value).isprintable() or "\nhint: " in str(refused.value)


@pytest.mark.parametrize("name", ["crossplane.yml", "other.yaml", "package/crossplane.yaml"])
def test_the_meta_object_may_be_in_any_file(tmp_path: Path, name: str) -> None:
    for file, content in {name: META, "a.yaml": XRD}.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(content)
    package = packages.read(tmp_path)
    assert (package.name, package.meta_file) == ("platform", name)
    assert [member.file for member in package.members] == ["a.yaml"]


def test_more_than_200_mib_are_refused_before_reading(tmp_path: Path) -> None:
    root = directory(tmp_path, {"a.yaml": b"", "b.yaml": b""})
    for name in ("a.yaml", "b.yaml"):
        os.truncate(root / name, 101 << 20)
    with pytest.raises(DevcacheError, match="more than 200 MiB"):
        packages.read(root)


def test_special_files_are_refused_without_blocking(tmp_path: Path) -> None:
    root = directory(tmp_path / "root", {})
    os.mkfifo(root / "pipe.yaml")
    with pytest.raises(DevcacheError, match="not a regular file"):
        packages.read(root)
    with pytest.raises(DevcacheError, match="not a regular file"):
        packages.read(root / "pipe.yaml")
    with pytest.raises(DevcacheError, match="not a regular file"):
        packages.read(Path(os.devnull))


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket has at most 108 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.xpkg")
        with pytest.raises(DevcacheError, match=r"^socket\.xpkg: cannot be read"):
            packages.read(Path("socket.xpkg"))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("gone.xpkg", "no such file or directory", id="missing"),
        pytest.param("gone/", "no such file or directory", id="missing directory"),
        pytest.param("file/package.xpkg", "cannot be read: not a directory", id="through a file"),
        pytest.param("x" * 300, "cannot be read: file name too long", id="a long name"),
        pytest.param("a\0b", "cannot be read: not a usable path", id="a null character"),
        pytest.param("loop", "cannot be read: too many levels", id="a link to itself"),
    ],
)
def test_an_unreadable_path_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(DevcacheError) as refused:
        packages.read(tmp_path / name)
    assert refused.value.problem.startswith(problem)
    assert str(tmp_path) in refused.value.where


def test_a_file_without_read_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    root = directory(tmp_path, {})
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DevcacheError) as refused:
        packages.read(root)
    assert "permission denied" in refused.value.problem
    assert refused.value.where == str(root / "crossplane.yaml")
