"""A package directory gives the same objects as with the real `crossplane xpkg build`."""

from __future__ import annotations

import gzip
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from postrender import packages
from postrender.errors import DevcacheError
from postrender.packages import exclusions
from tests.shared.package_files import META, Link, directory
from tests.shared.programs import path_of
from tests.shared.verdicts import VERDICTS, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

pytestmark = pytest.mark.linux  # tools/build.sh


@pytest.fixture(scope="module")
def cli() -> Path:
    return Path(path_of("CROSSPLANE_CLI"))


def built(cli: Path, root: Path, ignore: Sequence[str] = ()) -> list[bytes] | None:
    """Return the objects that the CLI reads from a directory, or None after a refusal."""
    package, extracted = root.parent / "built.xpkg", root.parent / "extracted.gz"
    options = ["--ignore=" + pattern.replace(",", r"\,") for pattern in ignore]
    build: list[Path | str] = [cli, "xpkg", "build", f"--package-file={package}"]
    if subprocess.run([*build, *options], cwd=root, capture_output=True, check=False).returncode:
        return None
    extract: list[Path | str] = [
        cli,
        "xpkg",
        "extract",
        "--from-xpkg",
        package,
        f"--output={extracted}",
    ]
    subprocess.run(extract, check=True)
    return sorted(gzip.decompress(extracted.read_bytes()).split(b"---\n"))


def composition(name: str) -> bytes:
    return (
        "apiVersion: apiextensions.crossplane.io/v1\nkind: Composition\n"
        f"metadata:\n  name: {name}\nspec:\n  mode: Pipeline\n"
    ).encode()


A, B, C = (composition(name) for name in "abc")


@dataclass(frozen=True)
class Case:
    files: Mapping[str, bytes | Link]
    members: Sequence[str]
    """The files of the objects, in the order of the stream."""
    reason: str
    ignore: Sequence[str] = field(default=())
    without: Sequence[str] = field(default=())
    """Files to remove."""


CASES = {
    "path-order": Case(
        {"b.yaml": A, "a/z.yml": B, "a.yaml": C},
        ["a/z.yml", "a.yaml", "b.yaml"],
        "paths are compared segment by segment",
    ),
    "hidden": Case(
        {".b/b.yaml": A, ".yaml": B, ".c.yml": C},
        [".b/b.yaml", ".c.yml", ".yaml"],
        "hidden files and folders count like others",
    ),
    "examples": Case(
        {
            "examples/a.yaml": A,
            "examples-2/a.yaml": A,
            "examples.yaml": A,
            "more/examples/a.yaml": B,
            "my-examples.yaml": C,
        },
        ["more/examples/a.yaml", "my-examples.yaml"],
        "only names at the root that begin with examples are excluded",
    ),
    "other-files": Case(
        {"README.md": b"# Title", "a.YAML": A, "b.yaml.bak": B, "c.json": b"{", "c.yaml": C},
        ["c.yaml"],
        "only files with the suffix .yaml or .yml in lower case count",
    ),
    "folder-named-like-a-file": Case({"a.yaml/b.yaml": A}, ["a.yaml/b.yaml"], "a.yaml is a folder"),
    "empty": Case(
        {"a.yaml": b"", "b.yaml": b"# nothing\n", "c.yaml": b"---\n---\n...\n", "d.yaml": A},
        ["d.yaml"],
        "files and documents without content do not matter",
    ),
    "documents": Case(
        {"a.yaml": b"# one\n---\n" + A + b"--- # two\n" + B + b"...\n---   \n" + C + b"---\n"},
        ["a.yaml"] * 3,
        "separators of every kind",
    ),
    "line-ends": Case(
        {"a.yaml": A.replace(b"\n", b"\r\n"), "b.yaml": B.rstrip(), "c.yaml": b"---\r\n" + C},
        ["a.yaml", "b.yaml", "c.yaml"],
        "CRLF, and no line break at the end of a file",
    ),
    "byte-order-mark": Case(
        {"a.yaml": b"\xef\xbb\xbf" + A, "b.yaml": b"\xef\xbb\xbf---\n" + B},
        ["a.yaml", "b.yaml"],
        "editors on Windows write a byte order mark",
    ),
    "json": Case(
        {
            "a.yaml": b'{"kind": "Composition", "metadata": {"name": "a"}, '
            b'"apiVersion": "apiextensions.crossplane.io/v1", "spec": {"mode": "Pipeline"}}'
        },
        ["a.yaml"],
        "JSON is YAML",
    ),
    "unusual-yaml": Case(
        {
            "a.yaml": b'"kind": Wrong\napiVersion: &v apiextensions.crossplane.io/v1\n'
            b"kind: 'Composition'\nmetadata: {name: a}\nspec: {mode: Pipeline}\nversion: *v\n"
        },
        ["a.yaml"],
        "quoted keys, anchors, and a duplicate key",
    ),
    "links": Case(
        {
            "a.yaml": A,
            "folder/b.txt": B,
            "link.yaml": Link("folder/b.txt"),
            "linked": Link("folder"),
            "folder.yaml": Link("folder"),
            "nowhere.yaml": Link("user@host.1234"),
            "self.yaml": Link("self.yaml"),
            "README.md": Link("/etc/hostname"),
        },
        ["a.yaml", "link.yaml"],
        "links to files are read, links to folders are not, and other links do not matter",
    ),
    "meta-elsewhere": Case(
        {"crossplane.yaml": A, "meta.yaml": META},
        ["crossplane.yaml"],
        "the meta object may be in any file",
    ),
    "meta-yml": Case(
        {"crossplane.yml": META, "a.yaml": A},
        ["a.yaml"],
        "the meta object may be in crossplane.yml",
        without=["crossplane.yaml"],
    ),
    "meta-in-a-folder": Case(
        {"package/other.yaml": META, "a.yaml": A, "package/b.yaml": B},
        ["a.yaml", "package/b.yaml"],
        "the meta object may be in a folder",
        without=["crossplane.yaml"],
    ),
    "workflows": Case(
        {".github/workflows/ci.yaml": b"name: ci\non: push\n", "a.yaml": A},
        ["a.yaml"],
        "the workflows of a repository are not part of the package",
        ignore=[".github/workflows/*"],
    ),
    "ignore-a-folder": Case(
        {"a.yaml": A, "sub/b.yaml": B, "sub/sub/c.yaml": C},
        ["a.yaml", "sub/b.yaml", "sub/sub/c.yaml"],
        "a pattern that matches a folder has no effect",
        ignore=["sub", "sub/", "./sub", "s*", "s?b", "sub/sub/", "**/sub"],
    ),
    "ignore-files-of-a-folder": Case(
        {"a.yaml": A, "sub/b.yaml": B, "sub/sub/c.yaml": C},
        ["a.yaml", "sub/sub/c.yaml"],
        "two stars match like one star",
        ignore=["sub/**"],
    ),
    "ignore-from-the-root": Case(
        {"a.yaml": A, "sub/b.yaml": B, "c,d.yaml": C},
        [],
        "a slash at the start, segments that are cancelled, and a comma",
        ignore=["/a.yaml", "x/../sub/./b.yaml", "c,d.yaml"],
    ),
    "ignore-links": Case(
        {"a.yaml": A, "link.yaml": Link("a.yaml"), "out.yaml": Link("/etc/hostname")},
        ["a.yaml"],
        "a pattern also matches a link",
        ignore=["link.yaml", "out.yaml"],
    ),
    "ignore": Case(
        {"a.yaml": A, "sub/a.yaml": A, "sub/b.yaml": B, "sub/sub/c.yaml": C, "x-1.yaml": A},
        ["sub/b.yaml", "sub/sub/c.yaml"],
        "a star does not cross a slash",
        ignore=["./a.*", "*/a.yaml", "x-[!0-9].yaml", "x-[^a-z].yaml", "*/c.yaml"],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_objects_equal_those_of_the_cli(cli: Path, tmp_path: Path, case: Case) -> None:
    root = directory(tmp_path / "root", case.files)
    for name in case.without:
        (root / name).unlink()
    package = packages.read(root, ignore=case.ignore)
    assert [member.file for member in package.members] == case.members, case.reason
    # The CLI must read the same objects from the joined file.
    alone = directory(tmp_path / "alone", {"crossplane.yaml": package.package_yaml.content})
    assert built(cli, alone) == built(cli, root, case.ignore) is not None


REFUSED = {
    "two meta objects": {"b.yaml": META},
    "no meta object": {"crossplane.yaml": A},
    "a separator with content": {"a.yaml": b"--- {}\n" + A},
    "a separator with more hyphens": {"a.yaml": A + b"----\n"},
    "broken YAML": {"a.yaml": A + b"x: [\n"},
    "a directive": {"a.yaml": b"%YAML 1.1\n---\n" + A},
    "no kind": {"a.yaml": b"apiVersion: v1\n"},
    "no apiVersion": {"a.yaml": b"kind: Composition\n"},
    "a list": {"a.yaml": b"- kind: Composition\n"},
    "text": {"a.yaml": b"text\n"},
    "null": {"a.yaml": b"null\n"},
    "an alias without an anchor": {"a.yaml": A + b"x: *y\n"},
    "bytes that are not UTF-8": {"a.yaml": A + b"# \xff\n"},
    "a control character": {"a.yaml": A + b"x: \x01\n"},
    "a version that is not a string": {
        "crossplane.yaml": META + b"spec:\n  crossplane:\n    version: 1.0\n"
    },
    "a range of Crossplane versions that is none": {
        "crossplane.yaml": META + b"spec: {crossplane: {version: latest}}\n"
    },
    "no range of Crossplane versions": {"crossplane.yaml": META + b"spec: {crossplane: {}}\n"},
    "an empty range of Crossplane versions": {
        "crossplane.yaml": META + b"spec: {crossplane: {version: ''}}\n"
    },
    "a template": {"a.yaml": b"{{- if .Values.a }}\na: b\n{{- end }}\n"},
    "workflows of a repository": {".github/workflows/ci.yaml": b"name: ci\non: push\n"},
    "a dependency that is not a mapping": {"crossplane.yaml": META + b"spec:\n  dependsOn: [a]\n"},
    "dependencies that are not a list": {"crossplane.yaml": META + b"spec:\n  dependsOn: {a: b}\n"},
    "an unknown kind of package": {"crossplane.yaml": META.replace(b"Configur", b"Separ")},
    "an unknown apiVersion": {"crossplane.yaml": META.replace(b"/v1", b"/v3")},
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=REFUSED)
def test_directories_that_the_cli_refuses_are_refused(
    cli: Path, tmp_path: Path, files: Mapping[str, bytes | Link]
) -> None:
    root = directory(tmp_path / "root", files)
    assert built(cli, root) is None
    with pytest.raises(DevcacheError):
        packages.read(root)


@pytest.mark.parametrize(
    "verdict", VERDICTS, ids=lambda verdict: f"{verdict.line} {verdict.reason}"
)
def test_the_parser_refuses_values_of_the_wrong_type(
    cli: Path, tmp_path: Path, verdict: Verdict
) -> None:
    root = directory(
        tmp_path / "package", {"crossplane.yaml": verdict.meta, "a.yaml": verdict.source}
    )
    is_parsed = built(cli, root) is not None
    assert is_parsed == (verdict.verdict != "parser")


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {
                ".github/workflows/ci.yaml": b"on: push\n",
                ".github/dependabot.yml": b"version: 2\n",
                "mkdocs.yml": b"site: x\n",
                "apis/xrd.yaml": A,
                "apis/[a].yaml": b"- 1\n",
            },
            id="no-objects",
        ),
        pytest.param(
            {
                "test/a/claim.yaml": b"apiVersion: example.org/v1\nkind: Network\n",
                "test/b/claim.yaml": b"apiVersion: example.org/v1\nkind: Network\n",
                "kustomization.yaml": b"apiVersion: kustomize.config.k8s.io/v1\nkind: K\n",
                "a,b.yaml": b"apiVersion: v1\nkind: Secret\n---\nb: c\n",
                "sub/a.yaml": B,
            },
            id="kinds-that-no-package-holds",
        ),
    ],
)
def test_the_cli_builds_the_package_with_the_proposed_patterns(
    cli: Path, tmp_path: Path, files: Mapping[str, bytes]
) -> None:
    root = directory(tmp_path / "root", files)
    assert built(cli, root) is None
    ignore = [exclusion.pattern for exclusion in exclusions.propose(root, ())]
    package = packages.read(root, ignore=ignore)
    assert len(package.members) == 1
    alone = directory(tmp_path / "alone", {"crossplane.yaml": package.package_yaml.content})
    assert built(cli, alone) == built(cli, root, ignore) is not None
