"""`inspect`: the contents of a package, and its cache file in each Crossplane version."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.shared.package_files import (
    META,
    PROVIDER,
    REPOSITORY,
    STREAM,
    Image,
    digest,
    directory,
    packed,
    tar,
)
from tests.shared.paths import DATA, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.shared.command import Command

NETWORK = ROOT / "examples" / "network.xpkg"

REFERENCE = "xpkg.example.org/acme/network:v0.2.0"


def marked(content: bytes) -> bytes:
    """Return a cache file as the copier writes it: it begins with an empty gzip member."""
    return gzip.compress(b"") + gzip.compress(content, 1)


@pytest.mark.parametrize(
    ("name", "form", "write"),
    [
        pytest.param(
            "package.yaml", "package.yaml", lambda path: path.write_bytes(STREAM), id="yaml"
        ),
        pytest.param(
            "x.gz", "package.yaml.gz", lambda path: path.write_bytes(packed(STREAM)), id="gzip"
        ),
        pytest.param(
            "x", "package.yaml.gz", lambda path: path.write_bytes(marked(STREAM)), id="copied"
        ),
        pytest.param(
            "x",
            "directory",
            lambda path: directory(path, {"x.yaml": STREAM[len(META) :]}),
            id="directory",
        ),
    ],
)
def test_every_form_of_a_package_is_read(
    command: Command, tmp_path: Path, name: str, form: str, write: Callable[[Path], object]
) -> None:
    path = tmp_path / name
    write(path)
    (package,) = command("inspect", path, "-o", "json").json("inspect")["packages"]
    assert (package["form"], package["kind"], package["name"]) == (
        form,
        "Configuration",
        "platform",
    )
    assert package["contentDigest"] == digest(STREAM)
    assert package["objects"] == {"apiextensions.crossplane.io/v1 CompositeResourceDefinition": 1}


def test_an_xpkg_has_the_digest_of_the_registry(command: Command) -> None:
    digests = json.loads((DATA / "xpkg" / "digests.json").read_text())
    assert digests
    for name in ("configuration.xpkg", "provider-with-runtime.xpkg"):
        path = DATA / "xpkg" / name
        (package,) = command("inspect", path, "-o", "json").json("inspect")["packages"]
        assert (package["form"], package["digestIsRegistrys"]) == ("xpkg", True)
        assert str(package["digest"]) in json.dumps(digests)


def test_the_runtime_is_shown(command: Command, tmp_path: Path) -> None:
    path = DATA / "xpkg" / "provider-with-runtime.xpkg"
    (package,) = command("inspect", path, "-o", "json").json("inspect")["packages"]
    assert package["runtime"] == {
        "platform": "linux/amd64",
        "entrypoint": ["/small.txt"],
        "command": [],
        "layers": 1,
        "size": 162,
    }
    table = command("inspect", path).stdout
    assert "\nruntime           linux/amd64, 1 layer, 162 bytes\n" in table
    assert "\nruns              /small.txt\n" in table
    config = b'{"config":{"Entrypoint":["\\u001b[2J","a b","\\ud800"]}}'
    layers = [packed(tar({"x": b""})), packed(tar({"package.yaml": PROVIDER}))]
    odd = Image(layers, more={"config": config}).write(tmp_path)
    assert r"runs              '\x1b[2J' 'a b' '\ud800'" in command("inspect", odd).stdout
    empty = Image(layers, more={"config": b"{}"}).write(tmp_path)
    table = command("inspect", empty).stdout
    assert "unknown platform, 1 layer" in table
    assert "runs              nothing: it has no entrypoint" in table
    (package,) = command("inspect", NETWORK, "-o", "json").json("inspect")["packages"]
    assert package["runtime"] is None
    assert "runtime" not in command("inspect", NETWORK).stdout


def test_the_cache_file_of_each_line_is_listed(command: Command) -> None:
    arguments = ("inspect", NETWORK, "--package", REFERENCE)
    (package,) = command(*arguments, "-o", "json").json("inspect")["packages"]
    cache = package["cache"]
    assert isinstance(cache, list)
    files = {entry["crossplane"]: entry["file"] for entry in cache if isinstance(entry, dict)}
    five = str(package["digest"]).removeprefix("sha256:")[:5]
    assert files["1.17-1.19"] == "/cache/xpkg.example.org/acme/network:v0.2.gz"
    assert files["1.20"] == "/cache/xpkg/xpkg.example.org/acme/network:v0.2.gz"
    assert files["2.2-2.4"] == f"/cache/xpkg/xpkg-example-org-acme-network-sha256-{five}.gz"
    (package,) = command(*arguments, "--crossplane", "2.3.4", "-o", "json").json("inspect")[
        "packages"
    ]
    assert package["cache"] == [entry for entry in cache if entry["crossplane"] == "2.2-2.4"]  # type: ignore[call-overload,index]  # see above
    table = command(*arguments).stdout
    assert f"2.2-2.4     {files['2.2-2.4']}" in table


def test_several_paths_keep_their_order(command: Command) -> None:
    paths = (ROOT / "examples" / "platform", NETWORK)
    packages = command("inspect", *paths, "-o", "json").json("inspect")["packages"]
    assert [package["path"] for package in packages] == [str(path) for path in paths]


HOSTILE = META.replace(b"platform", rb'"a\e[2Jb\nc\u202e"')


def test_escape_sequences_are_quoted(command: Command, tmp_path: Path) -> None:
    path = directory(tmp_path / "x\x1b[31m", {"crossplane.yaml": HOSTILE})
    for output in ("table", "json"):
        run = command("inspect", path, "-o", output)
        assert run.status == 0
        assert "\x1b" not in run.stdout
        assert "\u202e" not in run.stdout
    assert r"a\x1b[2Jb\nc\u202e" in command("inspect", path).stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "no meta object", id="empty"),
        pytest.param(b"kind: Secret\n", "", id="another-object"),
        pytest.param(b"\x1f\x8bnonsense", "damaged gzip", id="damaged"),
        pytest.param(packed(b"")[:5], "", id="truncated"),
        pytest.param(tar({"x": b""}), "manifest.json", id="another-tar"),
    ],
)
def test_other_files_are_refused(
    command: Command, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert message in command("inspect", path, "-o", "json").message()


def test_the_hint_has_the_option_that_leaves_files_out(command: Command, tmp_path: Path) -> None:
    path = directory(tmp_path, REPOSITORY)
    message = command("inspect", path).message()
    option = "--ignore='.github/workflows/*,mkdocs.yml'"
    assert message.endswith(f"leave the other files out with {option}\n")
    ignore = option.replace("'", "")
    explain = ("explain", REFERENCE, "--crossplane=2.4", "--path", path)
    assert command("inspect", path, ignore).status == 0
    assert (command(*explain).status, command(*explain, ignore).status) == (1, 0)
