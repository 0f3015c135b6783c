"""A package file with a damaged layer is refused, or gives the same package."""

from __future__ import annotations

import gzip
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from postrender import packages
from postrender.errors import DevcacheError
from tests.shared.layouts import BASE as ANNOTATED
from tests.shared.layouts import Layout
from tests.shared.package_files import (
    STREAM,
    by_digest,
    compact,
    config,
    digest,
    label,
    packed,
    tar,
)
from tests.shared.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BASE = packed(tar({"package.yaml": STREAM}))
PLAIN = tar({"package.yaml": STREAM})
RUNTIME = packed(tar({"bin/provider": b"\x7fELF"}))


@dataclass(frozen=True)
class Case:
    """An archive, and the layer to damage."""

    content: bytes
    layer: str
    reason: str
    step: int = 1
    """Of so many bits, one is flipped."""


def named(image_config: bytes, name: str, layer: bytes) -> bytes:
    manifest = compact([{"Config": "config", "Layers": [name]}])
    return tar({name: layer, "config": image_config, "manifest.json": manifest})


def of_cli(name: str) -> Iterator[Case]:
    """Yield each layer and the config of a package of the crossplane CLI."""
    path = DATA / "xpkg" / name
    with tarfile.open(path) as archive:
        for member in archive.getnames():
            if member != "manifest.json":
                yield Case(path.read_bytes(), member, "its name is its digest", 3)


CASES = {
    **{f"cli-{case.layer[:12]}": case for case in of_cli("configuration.xpkg")},
    "name": Case(
        tar(by_digest([RUNTIME, BASE], label(BASE))),
        f"{digest(BASE)[7:]}.tar.gz",
        "its name is its digest",
    ),
    "runtime": Case(
        tar(by_digest([RUNTIME, BASE], label(BASE))),
        f"{digest(RUNTIME)[7:]}.tar.gz",
        "it is not unpacked, but a part of the digest",
        3,
    ),
    "label": Case(named(config(label(BASE)), "0.tar.gz", BASE), "0.tar.gz", "a label names it", 3),
    "blob": Case(
        named(config(), f"blobs/sha256/{digest(PLAIN)[7:]}", PLAIN),
        f"blobs/sha256/{digest(PLAIN)[7:]}",
        "docker save since version 25",
        41,
    ),
    "podman": Case(
        named(config(), f"{digest(PLAIN)[7:]}.tar", PLAIN),
        f"{digest(PLAIN)[7:]}.tar",
        "podman save",
        41,
    ),
    "diff-id": Case(
        named(config(diff_ids=[digest(PLAIN)]), "1/layer.tar", PLAIN),
        "1/layer.tar",
        "docker save before version 25",
        41,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_flipped_bit_is_refused_or_changes_nothing(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "package.xpkg"
    path.write_bytes(case.content)
    with tarfile.open(path) as archive:
        member = archive.getmember(case.layer)
    first = member.offset_data * 8
    require_no_other_package(path, range(first, first + member.size * 8, case.step))


def require_no_other_package(path: Path, bits: range) -> None:
    """Flip bits of a package, one at a time: it is refused, or has the same content and digest."""
    content, original = path.read_bytes(), packages.read(path)
    for bit in bits:
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            package = packages.read(path)
        except DevcacheError:
            continue
        assert package.package_yaml.content == original.package_yaml.content, bit
        assert package.digest == original.digest, bit


OCI = Layout(
    [RUNTIME, BASE], {1: ANNOTATED}, config(diff_ids=[digest(b""), digest(PLAIN)])
).stored()

WHOLE = {"an OCI archive": OCI, "a compressed OCI archive": gzip.compress(OCI)}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_a_flipped_bit_of_an_oci_archive_is_refused_or_changes_nothing(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "package.tar.gz"
    path.write_bytes(content)
    require_no_other_package(path, range(0, len(content) * 8, len(content) * 8 // 2000))


def test_a_flipped_bit_of_unnamed_gzip_data_does_not_change_the_package_yaml(
    tmp_path: Path,
) -> None:
    """Such a layer has no digest, but a checksum. The time in its header may change."""
    content = named(config(), "0.tar.gz", BASE)
    place = content.index(BASE) * 8
    path = tmp_path / "package.xpkg"
    refused = 0
    for bit in range(place, place + len(BASE) * 8, 2):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            assert packages.read(path).package_yaml.content == STREAM
        except DevcacheError:
            refused += 1
    assert refused > len(BASE) * 3
