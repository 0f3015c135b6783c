"""The digest changes exactly when the output of the filter changes."""

from __future__ import annotations

import json
import lzma
import os
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from postrender.cli import main
from postrender.crossplane.target import Target
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.release import digest, render
from postrender.release.digest import CacheVolume
from tests.shared.declarations import HEAD
from tests.shared.fuzzing import fuzzed
from tests.shared.manifests import RENDERED
from tests.shared.package_files import META, directory
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.declared.devcache import DevCache
    from postrender.manifests.nodes import Plain
    from tests.shared.command import Command

TARGET = Target.parse("2.4.2", where="the test")

PATHS = ("packages/network", "./packages/network", str(GOLDEN / "packages/network"), "packages/nop")

FIELDS: dict[str, tuple[Plain, ...]] = {
    "path": (*PATHS, "packages/greet", "nowhere"),
    "package": ("", "x.io/acme/a:v1", "x.io/acme/a:v2", "xpkg.devcache.local/first:v0.0.0"),
    "install": (True, False),
    "ignore": ([], ["*-test.yaml"]),
    "runtimeImage": ("", "registry.example.com/nop:dev"),
    "spec": ({}, {"revisionHistoryLimit": 1}, {"skipDependencyResolution": True}),
}
SETTINGS: dict[str, tuple[Plain, ...]] = {
    "live": (False, True),
    "payload": ("release", "apart"),
    "offline": (False, True),
    "allowUnhealthy": (False, True),
    "argocd": (False, True),
    "crossplaneVersion": ("", "2.4.2"),
    "limits": ({}, {"release": False}),
    "copier": ({}, {"image": {"tag": "1.36"}}, {"resources": {"limits": {"cpu": "1"}}}),
    "cache": (
        {},
        {"readOnly": {"mountPath": "/devcache"}},
        {"readOnly": {"mountPath": "/elsewhere"}},
        {"readWrite": {"sizeLimit": ""}},
        {"readWrite": {"sizeLimit": "20Mi"}},
        {"readWrite": {"sizeLimit": "64Mi"}},
        {"readWrite": {"volume": "other"}},
    ),
}


def entry(fields: dict[str, tuple[Plain, ...]]) -> st.SearchStrategy[dict[str, Plain]]:
    """Return mappings with some of the fields, each with one of its values."""
    values = {key: st.sampled_from(value) for key, value in fields.items()}
    return st.fixed_dictionaries({}, optional=values)


packages = entry(FIELDS).map(lambda fields: {"path": PATHS[0], **fields})
specs = st.builds(
    lambda settings, first, second: {
        **settings,
        "packages": {"first": first} | ({"second": second} if second else {}),
    },
    entry(SETTINGS),
    packages,
    st.none() | packages,
)


class Output(NamedTuple):
    """The result of the filter and the digest; "" for a refusal."""

    text: str
    digest: str


def output(spec: Plain) -> Output:
    """Return the output of the filter for one chart, and the digest."""
    declared = _declared(spec)
    try:
        text = b"".join(render.render(RENDERED.encode(), declared, GOLDEN)).decode()
    except DevcacheError:
        text = ""
    try:
        line = digest.of_declaration(declared, TARGET, CacheVolume(), GOLDEN)
    except DevcacheError:
        line = ""
    return Output(text, line)


def _declared(spec: Plain) -> DevCache:
    return devcache.load(json.dumps({**yaml.safe_load(HEAD), "spec": spec}), where="devcache")


@fuzzed(150, most=5000)
@given(specs, specs, st.sampled_from([*SETTINGS, "packages"]))
def test_digests_are_equal_exactly_if_the_outputs_are(
    spec: dict[str, Plain], other: dict[str, Plain], key: str
) -> None:
    """The second declaration has one field of another one."""
    changed = {**spec, key: other.get(key)}
    first, second = output(spec), output(changed)
    assume(
        "other" not in json.dumps([spec.get("cache"), changed.get("cache")])
    )  # it is not in the chart
    assert (first.text == "") == (first.digest == "")
    assert (second.text == "") == (second.digest == "")
    assert (first.text == second.text) == (first.digest == second.digest)


@pytest.fixture
def declared_folder(tmp_path: Path) -> Path:
    """A folder with two packages, and a file that declares them."""
    for name in ("first", "second"):
        directory(tmp_path / name, {"crossplane.yaml": META})
    values = "devcache: {packages: {first: {path: ./first}, second: {path: ./second}}}\n"
    (tmp_path / "values.yaml").write_text(values)
    return tmp_path


def line(command: Command, folder: Path, *options: str | Path) -> str:
    """Return the output of the command for the file in a folder."""
    result = command("digest", "-f", folder / "values.yaml", *options, "--relative-to-file")
    assert (result.status, result.stderr) == (main.DONE, "")
    return result.stdout


def test_only_the_content_of_packages_counts(command: Command, declared_folder: Path) -> None:
    file, meta = declared_folder / "values.yaml", declared_folder / "first" / "crossplane.yaml"
    before = line(command, declared_folder)
    assert before.startswith("sha256:")
    assert len(before) == len("sha256:") + 64 + len("\n")
    os.utime(meta, (1, 1))
    (declared_folder / "first" / "README.md").write_text("not in the package")
    file.write_text(f"# a comment\n{file.read_text()}")
    assert line(command, declared_folder) == before
    meta.write_bytes(META + b"  annotations: {a: b}\n")
    changed = line(command, declared_folder)
    assert changed != before
    meta.write_bytes(META)
    assert line(command, declared_folder) == before


def test_a_moved_folder_has_the_same_digest(command: Command, declared_folder: Path) -> None:
    lines = set()
    for name in ("here", "there"):
        (declared_folder / name).mkdir()
        for file in ("first", "second", "values.yaml"):
            (declared_folder / name / file).symlink_to(declared_folder / file)
        lines.add(line(command, declared_folder / name))
    assert len(lines) == 1


@pytest.mark.parametrize(
    "values",
    [
        "crossplane: {image: {tag: v1.20.0}}",
        "crossplane: {packageCache: {sizeLimit: 50Mi}}",
        "crossplane: {packageCache: {pvc: claim}}",
        "devcache: {crossplaneVersion: 2.1.0}",
        "devcache: {packages: {first: {package: x.io/acme/first:v1}}}",
        "devcache: {packages: {second: null}}",
    ],
)
def test_the_values_count(command: Command, declared_folder: Path, values: str) -> None:
    more = declared_folder / "more.yaml"
    more.write_text(values)
    assert line(command, declared_folder, "-f", more) != line(command, declared_folder)


def test_the_option_names_the_version(command: Command, declared_folder: Path) -> None:
    default = line(command, declared_folder)
    assert line(command, declared_folder, "--crossplane=2.4.2") == default
    assert line(command, declared_folder, "--crossplane=1.20") != default


def test_another_compression_is_no_change(
    command: Command, declared_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packed bytes differ between versions of liblzma."""
    apart = declared_folder / "apart.yaml"
    apart.write_text("devcache: {payload: apart}\n")

    def lines() -> list[str]:
        return [line(command, declared_folder), line(command, declared_folder, "-f", apart)]

    before = lines()
    assert before[0] != before[1]
    compress = lzma.compress
    monkeypatch.setattr(lzma, "compress", lambda data, **_: compress(data))
    assert lines() == before
