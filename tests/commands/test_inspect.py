"""`inspect` and `explain`: what is on disk, and where Crossplane looks for it."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.shared.cache_keys import PARSED
from tests.shared.package_files import META, STREAM, digest, directory, packed, tar
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
            "x.gz", "cache file", lambda path: path.write_bytes(packed(STREAM)), id="gzip"
        ),
        pytest.param("x", "cache file", lambda path: path.write_bytes(marked(STREAM)), id="copied"),
        pytest.param(
            "x",
            "directory",
            lambda path: directory(path, {"x.yaml": STREAM[len(META) :]}),
            id="directory",
        ),
    ],
)
def test_opens_every_form(
    command: Command, tmp_path: Path, name: str, form: str, write: Callable[[Path], object]
) -> None:
    path = tmp_path / name
    write(path)
    (found,) = command("inspect", path, "-o", "json").json("inspect")["packages"]
    assert (found["form"], found["kind"], found["name"]) == (form, "Configuration", "platform")
    assert found["contentDigest"] == digest(STREAM)
    assert found["objects"] == {"apiextensions.crossplane.io/v1 CompositeResourceDefinition": 1}


def test_an_xpkg_has_the_digest_that_a_registry_gives(command: Command) -> None:
    known = json.loads((DATA / "xpkg" / "digests.json").read_text())
    assert known
    for name in ("configuration.xpkg", "provider-with-runtime.xpkg"):
        path = DATA / "xpkg" / name
        (found,) = command("inspect", path, "-o", "json").json("inspect")["packages"]
        assert (found["form"], found["digestIsRegistrys"]) == ("xpkg", True)
        assert str(found["digest"]) in json.dumps(known)


def test_says_what_each_line_calls_it(command: Command) -> None:
    given = ("inspect", NETWORK, "--package", REFERENCE)
    (found,) = command(*given, "-o", "json").json("inspect")["packages"]
    cache = found["cache"]
    assert isinstance(cache, list)
    files = {one["crossplane"]: one["file"] for one in cache if isinstance(one, dict)}
    five = str(found["digest"]).removeprefix("sha256:")[:5]
    assert files["1.17-1.19"] == "/cache/xpkg.example.org/acme/network:v0.2.gz"
    assert files["1.20"] == "/cache/xpkg/xpkg.example.org/acme/network:v0.2.gz"
    assert files["2.2-2.4"] == f"/cache/xpkg/xpkg-example-org-acme-network-sha256-{five}.gz"
    (one,) = command(*given, "--crossplane", "2.3.4", "-o", "json").json("inspect")["packages"]
    assert one["cache"] == [entry for entry in cache if entry["crossplane"] == "2.2-2.4"]  # type: ignore[call-overload,index]  # see above
    table = command(*given).stdout
    assert f"2.2-2.4     {files['2.2-2.4']}" in table


def test_several_paths_keep_their_order(command: Command) -> None:
    paths = (ROOT / "examples" / "platform", NETWORK)
    found = command("inspect", *paths, "-o", "json").json("inspect")["packages"]
    assert [one["path"] for one in found] == [str(path) for path in paths]


HOSTILE = META.replace(b"platform", rb'"a\e[2Jb\nc\u202e"')


def test_no_escape_reaches_the_terminal(command: Command, tmp_path: Path) -> None:
    path = directory(tmp_path / "x\x1b[31m", {"crossplane.yaml": HOSTILE})
    for output in ("table", "json"):
        found = command("inspect", path, "-o", output)
        assert found.status == 0
        assert "\x1b" not in found.stdout
        assert "\u202e" not in found.stdout
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
def test_what_is_no_package_is_refused(
    command: Command, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert message in command("inspect", path, "-o", "json").message()


@pytest.mark.parametrize("line", ["1.18.3", "1.20.11", "2.1.3", "2.2.1", "2.4.0"])
def test_explains_the_file_that_crossplanes_own_code_names(command: Command, line: str) -> None:
    root = "/cache" if line < "1.20" else "/cache/xpkg"
    admitted = [row for row in PARSED if line < "2" or (row["v2_admitted"] and row["strict_ok"])]
    assert len(admitted) > 10
    for row in admitted:
        found = command("explain", "--crossplane", line, row["package"], "-o", "json")
        assert found.status == 0, found.stderr
        explained = dict(found.json("explain"))
        file = str(explained["file"]).replace("?????", row["digest"].removeprefix("sha256:")[:5])
        if line < "2.2" or row["identifier"] in {row["digest"], row["package"].rpartition(":")[2]}:
            key = row["path_key"] if line < "2.2" else row["digest_key"]
            assert file == f"{root}/{key}"


def test_explains_what_a_digest_line_needs(command: Command) -> None:
    without = command("explain", "--crossplane", "2.4", REFERENCE)
    assert without.status == 0
    assert "/cache/xpkg/xpkg-example-org-acme-network-sha256-?????.gz" in without.stdout
    assert re.search(r"\nImageConfig +needed", without.stdout)
    found = command("explain", "--crossplane", "2.4", REFERENCE, "--path", NETWORK, "-o", "json")
    explained = dict(found.json("explain"))
    (package,) = command("inspect", NETWORK, "--package", REFERENCE, "-o", "json").json("inspect")[
        "packages"
    ]
    assert explained["digest"] == package["digest"]
    cache = package["cache"]
    assert isinstance(cache, list)
    assert isinstance(cache[-1], dict)
    assert explained["file"] == cache[-1]["file"]


def test_explains_which_tags_share_a_file(command: Command) -> None:
    found = command("explain", "--crossplane", "1.20", REFERENCE).stdout
    assert "the same file for  xpkg.example.org/acme/network:v0.2.*" in found
    assert "the same file for" not in command("explain", "--crossplane", "1.20", "x.io/a:v1").stdout


def test_a_reference_that_is_not_admitted_is_status_1(command: Command) -> None:
    found = command("explain", "--crossplane", "2.0", "acme/network", "-o", "json")
    assert found.status == 1
    explained: dict[str, object] = dict(found.json("explain"))
    assert (explained["admitted"], explained["file"]) == (False, "")
    assert command("explain", "--crossplane", "1.20", "acme/network").status == 0


@pytest.mark.parametrize(
    ("line", "reference", "message"),
    [
        ("3.0", REFERENCE, "not known yet"),
        ("main", REFERENCE, "is not a version"),
        ("2.4", "UPPER CASE", "not a package reference"),
    ],
)
def test_what_cannot_be_explained(
    command: Command, line: str, reference: str, message: str
) -> None:
    assert message in command("explain", "--crossplane", line, reference).message()
