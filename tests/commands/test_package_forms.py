"""Every form of a package in every command that reads packages: all commands report the same."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.shared.declarations import config_option
from tests.shared.fake_cluster import released
from tests.shared.layouts import BASE as ANNOTATED
from tests.shared.layouts import Layout, zstd
from tests.shared.live_release import package
from tests.shared.manifests import RENDERED
from tests.shared.package_files import (
    META,
    VALID_XRD,
    Image,
    by_digest,
    config,
    digest,
    directory,
    label,
    packed,
    tar,
    write_files,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.shared.command import Command, Run

STREAM = META + b"---\n" + VALID_XRD

PLAIN = tar({"package.yaml": STREAM})
LAYER = packed(PLAIN)
XPKG = tar(by_digest([LAYER], label(LAYER), [digest(PLAIN)]))
DOCKER_SAVE = Image([PLAIN], more={"config": config(diff_ids=[digest(PLAIN)])}).stored()
LAYOUT = Layout([LAYER], {0: ANNOTATED}, config(diff_ids=[digest(PLAIN)]))
ZSTD = Layout([zstd(PLAIN)], config=config(diff_ids=[digest(PLAIN)]))


class Form(NamedTuple):
    """A package on disk."""

    name: str
    content: Callable[[Path], object] | bytes
    form: str
    """The form by `inspect`."""


FORMS = (
    Form("directory", lambda path: directory(path, {"x.yaml": STREAM[len(META) :]}), "directory"),
    Form("package.yaml", STREAM, "package.yaml"),
    Form("extracted.gz", packed(STREAM), "package.yaml.gz"),
    Form("package.xpkg", XPKG, "xpkg"),
    Form("package.xpkg.gz", gzip.compress(XPKG), "xpkg"),
    Form("save.tar", DOCKER_SAVE, "xpkg"),
    Form("save.tar.gz", gzip.compress(DOCKER_SAVE), "xpkg"),
    Form("oci.tar", LAYOUT.stored(), "OCI archive"),
    Form("oci.tar.gz", gzip.compress(LAYOUT.stored()), "OCI archive"),
    Form("zstd.tar", ZSTD.stored(), "OCI archive"),
    Form("layout", lambda path: LAYOUT.write(path.parent), "OCI layout"),
)

BAD = (
    Form("text.xpkg", b"text", "not a tar archive"),
    Form("text.gz", packed(b"text"), "a document is not a mapping"),
    Form("truncated.tar.gz", gzip.compress(XPKG)[:-9], "is truncated"),
    Form("truncated.gz", packed(STREAM)[:-9], "is truncated"),
    Form("save.tar.zst", zstd(DOCKER_SAVE), "is compressed as a whole, and not with gzip"),
    Form("several.tar", tar({"manifest.json": b"[{},{}]"}), "has 2 images"),
    Form("no-image.tar", tar({"oci-layout": b"{}", "index.json": b"{}"}), "is not a list"),
    Form("other.tar", tar({"x": b""}), "is not in the archive"),
    Form("blob.tar", Layout([LAYER[:-1] + b"\1"]).stored(), "damaged"),
    Form("bad-layout", lambda path: write_files(path, {"oci-layout": b"{}"}), "index.json"),
    Form("empty", lambda path: path.mkdir(), "no meta object"),
    Form("missing", lambda _: None, "no such file or directory"),
)


def written(form: Form, folder: Path) -> Path:
    path = folder / form.name
    if isinstance(form.content, bytes):
        path.write_bytes(form.content)
    else:
        form.content(path)
    return path


def declaration(path: Path, more: str = "") -> str:
    """Return the option that names a DevCache of the package."""
    return config_option(path.parent, f"{{packages: {{platform: {{path: {path}}}}}{more}}}")


def inspect(command: Command, path: Path) -> Run:
    return command("inspect", path, "--crossplane", "2.4")


def explain(command: Command, path: Path) -> Run:
    return command("explain", "x.io/a/b:v1", "--crossplane", "2.4", "--path", path)


def init(command: Command, path: Path) -> Run:
    return command("init", path)


def add(command: Command, path: Path) -> Run:
    (path.parent / "values.yaml").write_text("# values\n")
    return command("add", path, "-f", path.parent / "values.yaml")


def check(command: Command, path: Path) -> Run:
    return command("check", declaration(path))


def graph(command: Command, path: Path) -> Run:
    return command("graph", declaration(path))


def filter_(command: Command, path: Path) -> Run:
    return command(declaration(path), stdin=RENDERED.encode())


def payload(command: Command, path: Path) -> Run:
    option = declaration(path, ", payload: apart")
    return command("payload", option, "--namespace", "crossplane-system")


def push(command: Command, path: Path) -> Run:
    with released(path.parent, package(path.parent)) as cluster:
        before = cluster.read["platform"]
        run = command("push", path)
        assert run.status or cluster.read["platform"] != before
        return run


COMMANDS = (inspect, explain, init, add, check, filter_, payload, push)


@pytest.mark.parametrize("run", [*COMMANDS, graph])  # `graph` also draws what cannot be read
@pytest.mark.parametrize("form", FORMS, ids=[form.name for form in FORMS])
def test_every_command_reads_every_form(
    command: Command, tmp_path: Path, form: Form, run: Callable[[Command, Path], Run]
) -> None:
    result = run(command, written(form, tmp_path))
    assert (result.status, result.stderr) == (0, "")


@pytest.mark.parametrize("form", FORMS, ids=[form.name for form in FORMS])
def test_commands_agree_on_the_form_and_the_digest(
    command: Command, tmp_path: Path, form: Form
) -> None:
    path = written(form, tmp_path)
    (shown,) = command("inspect", path, "-o", "json").json("inspect")["packages"]
    assert (shown["form"], shown["contentDigest"]) == (form.form, digest(STREAM))
    file = re.search(r"sha256-\w{5}", inspect(command, path).stdout)
    assert file is not None
    assert str(shown["digest"]).replace(":", "-").startswith(file[0])
    assert str(shown["digest"]) in explain(command, path).stdout
    for run in (explain, filter_):
        assert file[0] in run(command, path).stdout


@pytest.mark.parametrize("form", BAD, ids=[form.name for form in BAD])
def test_every_command_refuses_a_bad_file_with_the_same_message(
    command: Command, tmp_path: Path, form: Form
) -> None:
    path = written(form, tmp_path)
    message = inspect(command, path).message().partition("error: ")[2].splitlines()[0]
    assert message.startswith(str(path))
    assert form.form in message
    place, _, problem = message.rpartition(": ")
    for run in COMMANDS:
        result = run(command, path)
        assert result.status == 1
        shown = " ".join((result.stdout + result.stderr).split())
        assert place in shown, run
        assert problem in shown, run
