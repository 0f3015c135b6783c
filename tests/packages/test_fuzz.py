"""Reading any bytes gives a package or a DevcacheError."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender import packages
from postrender.errors import DevcacheError
from tests.shared.fuzzing import fuzzed
from tests.shared.layouts import BASE, Layout, zstd
from tests.shared.package_files import META, STREAM, Image, config, label, packed, tar

if TYPE_CHECKING:
    from pathlib import Path

LAYER = tar({"x" * 120: b"x", "package.yaml": STREAM})

RUNTIME = packed(tar({"bin/provider": b"\x7fELF"}))
OCI = Layout([RUNTIME, packed(LAYER)], {1: BASE}).stored()

Edits = list[tuple[int, bytes]]

EDITS = st.lists(
    st.tuples(
        st.integers(0, 20_000),
        st.one_of(
            st.binary(min_size=1, max_size=12),
            st.sampled_from([bytes(512), b"\xff" * 12, b"9" * 12, b"{", b"[", b"*a", b"\x1f\x8b"]),
        ),
    ),
    min_size=1,
    max_size=4,
)


def edited(content: bytes, edits: Edits) -> bytes:
    """Return the content with bytes replaced at some places."""
    for place, piece in edits:
        at = place % len(content)
        content = content[:at] + piece + content[at + len(piece) :]
    return content


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "package.xpkg"


def read(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with suppress(DevcacheError):
        packages.read(file)


@fuzzed(100)
@given(content=st.binary(max_size=2000))
def test_random_bytes_are_read_or_refused(file: Path, content: bytes) -> None:
    read(file, content)


@fuzzed(400)
@given(edits=EDITS, cut=st.integers(0, 30_000))
def test_an_edited_archive_is_read_or_refused(file: Path, edits: Edits, cut: int) -> None:
    read(file, edited(Image([packed(LAYER)]).stored(), edits)[:cut])


@fuzzed(400)
@given(edits=EDITS, cut=st.integers(0, 20_000), gzip=st.booleans())
def test_an_edited_layer_is_read_or_refused(
    file: Path, edits: Edits, cut: int, *, gzip: bool
) -> None:
    layer = edited(LAYER, edits)[:cut]
    read(file, Image([packed(layer) if gzip else layer]).stored())


@fuzzed(200)
@given(edits=EDITS)
def test_edited_gzip_data_is_read_or_refused(file: Path, edits: Edits) -> None:
    read(file, Image([edited(packed(LAYER), edits)]).stored())


@fuzzed(300)
@given(edits=EDITS)
def test_edited_json_is_read_or_refused(file: Path, edits: Edits) -> None:
    members = Image([packed(LAYER)]).members()
    manifest = members["manifest.json"]
    assert isinstance(manifest, bytes)
    more = {
        "manifest.json": edited(manifest, edits[:1]),
        "config": edited(config(label(packed(LAYER))), edits[1:]),
    }
    read(file, tar({**members, **more}))


@fuzzed(500)
@given(edits=EDITS)
def test_an_edited_package_yaml_is_read_or_refused(file: Path, edits: Edits) -> None:
    meta = META + b"spec:\n  dependsOn:\n  - provider: a\n    version: '>1'\n"
    read(file, Image([tar({"package.yaml": edited(meta, edits)})]).stored())


@fuzzed(300)
@given(text=st.text(max_size=300))
def test_a_random_package_yaml_is_read_or_refused(file: Path, text: str) -> None:
    stream = META + b"spec: " + text.encode("utf-8", "surrogatepass")
    read(file, Image([tar({"package.yaml": stream})]).stored())


@fuzzed(400)
@given(edits=EDITS, cut=st.integers(0, 30_000), gzip=st.booleans())
def test_an_edited_oci_archive_is_the_same_package_or_refused(
    file: Path, edits: Edits, cut: int, *, gzip: bool
) -> None:
    file.write_bytes(OCI)
    original = packages.read(file)
    content = packed(OCI) if gzip else OCI
    file.write_bytes(edited(content, edits)[:cut])
    with suppress(DevcacheError):
        package = packages.read(file)
        assert package.digest == original.digest
        assert package.package_yaml.content == STREAM


@fuzzed(200)
@given(edits=EDITS)
def test_edited_zstd_data_is_read_or_refused(file: Path, edits: Edits) -> None:
    read(file, Image([edited(zstd(LAYER), edits)]).stored())


@fuzzed(300)
@given(edits=EDITS, place=st.sampled_from(["index.json", "manifest", "config"]))
def test_edited_json_of_a_layout_is_read_or_refused(file: Path, edits: Edits, place: str) -> None:
    layout = Layout([packed(LAYER)], {0: BASE})
    if place == "index.json":
        index = layout.files()["index.json"]
        assert isinstance(index, bytes)
        layout = replace(layout, index=edited(index, edits))
    elif place == "manifest":
        layout = replace(layout, manifest=edited(layout.written_manifest(), edits))
    else:
        layout = replace(layout, config=edited(config(), edits))
    read(file, layout.stored())


def test_json_that_nests_to_the_interpreters_limit_is_read_or_refused(file: Path) -> None:
    for depth in range(900, 1010):
        nested = b"[" * depth + b"]" * depth
        read(
            file,
            Image(more={"config": config().replace(b'"diff_ids":[]', b'"a":' + nested)}).stored(),
        )
