"""Files that are compressed as a whole: archives, and the package.yaml alone."""

from __future__ import annotations

import gzip
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from postrender import packages
from postrender.errors import DevcacheError
from tests.shared.layouts import BASE as ANNOTATED
from tests.shared.layouts import Layout, zstd
from tests.shared.memory import peak_of_reading
from tests.shared.package_files import (
    META,
    STREAM,
    by_digest,
    compact,
    config,
    digest,
    header,
    label,
    packed,
    tar,
)
from tests.shared.paths import DATA

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = tar({"package.yaml": STREAM})
LAYER = packed(PLAIN)
RUNTIME = packed(tar({"bin/provider": b"\x7fELF" * 9999}))

ARCHIVES = {
    "the crossplane CLI": (DATA / "xpkg" / "provider-with-runtime.xpkg").read_bytes(),
    "named by digests": tar(by_digest([RUNTIME, LAYER], label(LAYER))),
    "manifest.json first": tar(
        {
            "manifest.json": compact([{"Config": "c", "Layers": ["0", "1"]}]),
            "0": PLAIN,
            "1": tar({}),
            "c": config(diff_ids=[digest(PLAIN), digest(tar({}))]),
        }
    ),
    "an OCI archive": Layout([RUNTIME, LAYER], {1: ANNOTATED}).stored(),
    "an OCI archive with zstd": Layout([zstd(PLAIN)]).stored(),
}


@pytest.mark.parametrize("content", ARCHIVES.values(), ids=ARCHIVES)
@pytest.mark.parametrize("name", ["package.tar.gz", "package.tgz", "package.xpkg", "package"])
def test_a_compressed_archive_is_the_same_package(
    tmp_path: Path, content: bytes, name: str
) -> None:
    plain, compressed = tmp_path / "plain.tar", tmp_path / name
    plain.write_bytes(content)
    compressed.write_bytes(gzip.compress(content))
    package, expected = packages.read(compressed), packages.read(plain)
    assert package.package_yaml.content == expected.package_yaml.content
    assert package._replace(package_yaml=expected.package_yaml) == expected


def test_an_archive_of_several_gzip_members_is_read(tmp_path: Path) -> None:
    content = ARCHIVES["an OCI archive"]
    path = tmp_path / "package.tar.gz"
    path.write_bytes(b"".join(packed(content[at : at + 700]) for at in range(0, len(content), 700)))
    assert packages.read(path).package_yaml.content == STREAM


STREAMS = {
    "the gzip of xpkg extract": packed(STREAM),
    "a file of the copier": gzip.compress(b"") + packed(STREAM),
    "a package.yaml": STREAM,
}


@pytest.mark.parametrize("content", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("name", ["package.yaml", "out.gz", "package"])
def test_a_package_yaml_is_a_package(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    package = packages.read(path)
    assert package.form == ("package.yaml" if content == STREAM else "package.yaml.gz")
    assert package.package_yaml.content == STREAM
    assert (package.digest, package.digest_is_registrys) == (digest(STREAM), False)


@dataclass(frozen=True)
class Bad:
    content: bytes
    problem: str
    """A phrase of the message."""
    name: str = "package.tar.gz"


WHOLE = gzip.compress(ARCHIVES["an OCI archive"])

BAD = {
    "truncated": Bad(WHOLE[:-600], "is truncated"),
    "truncated in the checksum": Bad(WHOLE[:-1], "is truncated"),
    "another checksum": Bad(WHOLE[:-8] + b"\0\0\0\0" + WHOLE[-4:], "damaged gzip data"),
    "a byte behind it": Bad(WHOLE + b"x", "is truncated"),
    "zeros behind it": Bad(WHOLE + bytes(512), "damaged gzip data"),
    "no archive": Bad(packed(STREAM), "not a tar archive"),
    "empty": Bad(packed(b""), "is empty"),
    "gzip in gzip": Bad(packed(WHOLE), "not a tar archive"),
    "a flood of files": Bad(
        gzip.compress(b"".join(header(f"{number}", 0) for number in range(1001))),
        "has more than 1000 files",
    ),
    "zstd": Bad(zstd(ARCHIVES["an OCI archive"]), "compressed as a whole, and not with gzip"),
    "xz": Bad(b"\xfd7zXZ\0" + bytes(99), "compressed as a whole, and not with gzip", "package"),
    "bzip2": Bad(b"BZh9" + bytes(99), "compressed as a whole, and not with gzip", "package.yaml"),
    "a truncated package.yaml": Bad(packed(STREAM)[:-1], "is truncated", "out.gz"),
    "a package.yaml with another checksum": Bad(
        packed(STREAM)[:-8] + bytes(8), "damaged gzip data", "out.gz"
    ),
    "a byte behind a package.yaml": Bad(packed(STREAM) + b"x", "is truncated", "out.gz"),
    "a package.yaml of two": Bad(packed(STREAM + b"---\n" + META), "2 meta objects", "out.gz"),
    "an empty package.yaml": Bad(packed(b""), "no meta object", "out.gz"),
    "no text": Bad(packed(b"\xff"), "is not UTF-8", "out.gz"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_compressed_file_has_one_clear_error(tmp_path: Path, bad: Bad) -> None:
    path = tmp_path / bad.name
    path.write_bytes(bad.content)
    with pytest.raises(DevcacheError) as refused:
        packages.read(path)
    assert bad.problem in refused.value.problem
    assert refused.value.where.startswith(f"{path}")


def test_without_the_library_a_zstd_layer_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python since 3.14 has it, unless it was built without it."""
    for name in ("backports", "compression"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "postrender.packages.zstd", raising=False)
    path = tmp_path / "package.tar"
    path.write_bytes(ARCHIVES["an OCI archive with zstd"])
    with pytest.raises(DevcacheError, match="this Python has no zstd library"):
        packages.read(path)


@pytest.mark.linux  # /proc
def test_a_large_compressed_archive_is_not_read_into_memory(tmp_path: Path) -> None:
    """A runtime of 200 MiB, and the manifest behind it, as by `docker save`."""
    manifest = compact([{"Config": "c", "Layers": ["runtime.tar", "layer.tar"]}])
    others = tar({"layer.tar": PLAIN, "c": config(), "manifest.json": manifest})
    path = tmp_path / "large.tar.gz"
    path.write_bytes(
        packed(header("runtime.tar", 200 << 20)) + packed(bytes(1 << 20)) * 200 + packed(others)
    )
    assert peak_of_reading(path, "package.package_yaml.size") < 100 * 1024
