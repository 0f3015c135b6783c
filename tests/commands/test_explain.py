"""`explain`: the cache file of a reference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.shared.cache_keys import PARSED
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from tests.shared.command import Command

NETWORK = ROOT / "examples" / "network.xpkg"

REFERENCE = "xpkg.example.org/acme/network:v0.2.0"


@pytest.mark.parametrize("line", ["1.18.3", "1.20.11", "2.1.3", "2.2.1", "2.4.0"])
def test_the_file_equals_that_of_crossplanes_own_code(command: Command, line: str) -> None:
    root = "/cache" if line < "1.20" else "/cache/xpkg"
    admitted = [row for row in PARSED if line < "2" or (row["v2_admitted"] and row["strict_ok"])]
    assert len(admitted) > 10
    for row in admitted:
        run = command("explain", "--crossplane", line, row["package"], "-o", "json")
        assert run.status == 0, run.stderr
        explained = dict(run.json("explain"))
        file = str(explained["file"]).replace("?????", row["digest"].removeprefix("sha256:")[:5])
        if line < "2.2" or row["identifier"] in {row["digest"], row["package"].rpartition(":")[2]}:
            key = row["path_key"] if line < "2.2" else row["digest_key"]
            assert file == f"{root}/{key}"


def test_a_digest_line_needs_an_image_config(command: Command) -> None:
    without = command("explain", "--crossplane", "2.4", REFERENCE)
    assert without.status == 0
    assert "/cache/xpkg/xpkg-example-org-acme-network-sha256-?????.gz" in without.stdout
    assert re.search(r"\nImageConfig +needed", without.stdout)
    run = command("explain", "--crossplane", "2.4", REFERENCE, "--path", NETWORK, "-o", "json")
    explained = dict(run.json("explain"))
    (package,) = command("inspect", NETWORK, "--package", REFERENCE, "-o", "json").json("inspect")[
        "packages"
    ]
    assert explained["digest"] == package["digest"]
    cache = package["cache"]
    assert isinstance(cache, list)
    assert isinstance(cache[-1], dict)
    assert explained["file"] == cache[-1]["file"]


def test_tags_that_share_a_file_are_listed(command: Command) -> None:
    text = command("explain", "--crossplane", "1.20", REFERENCE).stdout
    assert "same file for      xpkg.example.org/acme/network:v0.2.*" in text
    assert "the same file for" not in command("explain", "--crossplane", "1.20", "x.io/a:v1").stdout


def test_a_reference_that_is_not_admitted_exits_with_status_1(command: Command) -> None:
    run = command("explain", "--crossplane", "2.0", "acme/network", "-o", "json")
    assert run.status == 1
    explained: dict[str, object] = dict(run.json("explain"))
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
def test_unknown_versions_and_references_are_refused(
    command: Command, line: str, reference: str, message: str
) -> None:
    assert message in command("explain", "--crossplane", line, reference).message()
