"""Bad package files: each has one clear error. tests/test_limits.py has the large files."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from postrender import packages
from postrender.errors import DevcacheError
from tests.shared.package_files import (
    META,
    STREAM,
    XRD,
    Image,
    Link,
    by_digest,
    compact,
    config,
    digest,
    header,
    label,
    packed,
    tar,
)

if TYPE_CHECKING:
    from pathlib import Path

BASE = packed(tar({"package.yaml": STREAM}))
PLAIN = tar({"package.yaml": STREAM})
OTHER = packed(tar({"package.yaml": META}))


def pax(*records: bytes) -> bytes:
    content = b"".join(records)
    padding = bytes(-len(content) % tarfile.BLOCKSIZE)
    return header("pax", len(content), tarfile.XHDTYPE) + content + padding


def in_manifest(**fields: object) -> Image:
    return Image(more={"manifest.json": compact([{"Config": "config", **fields}])})


def stream(content: bytes) -> Image:
    return Image([packed(tar({"package.yaml": content}))])


@dataclass(frozen=True)
class Case:
    content: Image | bytes
    problem: str
    """A phrase of the message."""
    place: str = ""
    """The rest of its `where`, behind the path."""


CASES = {
    "no bytes": Case(b"", "is empty"),
    "a long name": Case(tar({"x" * 5000: b""}), "a name of more than 4096 characters"),
    "a link with a long target": Case(
        tar({"x": Link("y" * 5000)}), "a name of more than 4096 characters"
    ),
    "text": Case(b"apiVersion: v1\n" * 99, "not a tar archive"),
    "less than one block": Case(b"PK", "not a tar archive"),
    "an archive in zstd": Case(b"\x28\xb5\x2f\xfd" * 999, "is compressed as a whole"),
    "truncated in a layer": Case(Image([bytes(9999)]).stored()[:6000], "truncated"),
    "truncated in a header": Case(Image().stored()[:700], "truncated"),
    "a damaged header": Case(
        Image().stored()[:1024] + b"x" * 512 + Image().stored()[1536:], "damaged tar header"
    ),
    "no manifest.json": Case(
        Image(without=["manifest.json"]), "is not in the archive", ": manifest.json"
    ),
    "several images": Case(
        Image(more={"manifest.json": compact([{}, {}])}), "2 images", ": manifest.json"
    ),
    "no image": Case(Image(more={"manifest.json": b"[]"}), "0 images", ": manifest.json"),
    "manifest.json is not JSON": Case(
        Image(more={"manifest.json": b"["}), "is not valid JSON", ": manifest.json"
    ),
    "manifest.json is not UTF-8": Case(
        Image(more={"manifest.json": b'["\xff"]'}), "is not valid JSON", ": manifest.json"
    ),
    "manifest.json nests deeply": Case(
        Image(more={"manifest.json": b"[" * 200_000}), "is not valid JSON", ": manifest.json"
    ),
    "manifest.json is a mapping": Case(
        Image(more={"manifest.json": b"{}"}), "is not a list of images", ": manifest.json"
    ),
    "manifest.json lists numbers": Case(
        Image(more={"manifest.json": b"[1]"}), "is not a list of images", ": manifest.json"
    ),
    "manifest.json is large": Case(
        Image(more={"manifest.json": b" " * 3_000_000}), "3000000 bytes", ": manifest.json"
    ),
    "manifest.json is a link": Case(
        Image(more={"manifest.json": Link("config")}), "is a link", ": manifest.json"
    ),
    "manifest.json is a folder": Case(
        Image(more={"manifest.json": Link("", tarfile.DIRTYPE)}), "is a link", ": manifest.json"
    ),
    "Config is null": Case(in_manifest(Config=None), "Config is not a string", ": manifest.json"),
    "Layers is a string": Case(in_manifest(Layers="0"), "Layers is not a list", ": manifest.json"),
    "a layer is a number": Case(
        in_manifest(Layers=[1]), "a layer is not a string", ": manifest.json"
    ),
    "too many layers": Case(
        in_manifest(Layers=["0.tar.gz"] * 257), "Layers is not a list", ": manifest.json"
    ),
    "no layers": Case(in_manifest(), "no package.yaml"),
    "no config": Case(Image(without=["config"]), "is not in the archive", ": config"),
    "config is not JSON": Case(Image(more={"config": b"}"}), "is not valid JSON", ": config"),
    "config is large": Case(Image(more={"config": b" " * 3_000_000}), "3000000 bytes", ": config"),
    "config is a link": Case(Image(more={"config": Link("x")}), "is a link", ": config"),
    "a label is a number": Case(
        Image(more={"config": b'{"config":{"Labels":{"io.crossplane.xpkg:sha256:0":1}}}'}),
        "a label is not a string",
        ": config",
    ),
    "a layer is missing": Case(Image(without=["0.tar.gz"]), "is not in the archive", ": 0.tar.gz"),
    "a layer is a link to a missing file": Case(
        Image(more={"0.tar.gz": Link("gone")}), "is not in the archive", ": gone"
    ),
    "a layer is a link to a link": Case(
        Image(more={"0.tar.gz": Link("a"), "a": Link("b"), "b": BASE}), "is a link", ": 0.tar.gz"
    ),
    "a layer is a link to itself": Case(
        Image(more={"0.tar.gz": Link("0.tar.gz")}), "is a link", ": 0.tar.gz"
    ),
    "a layer is a link to a file outside": Case(
        Image(more={"0.tar.gz": Link("../../etc/passwd")}), "is not in the archive"
    ),
    "an odd name": Case(
        Image(more={"manifest.json": compact([{"Config": "\n\u2028"}])}),
        "is not in the archive",
        r': "\n\u2028"',
    ),
    "no package.yaml": Case(Image([packed(tar({"x": b""}))]), "no package.yaml"),
    "no package.yaml in the labelled layer": Case(
        Image([BASE, packed(tar({}))], label(packed(tar({})))), "no package.yaml"
    ),
    "package.yaml is hidden": Case(
        Image([BASE, packed(tar({".wh.package.yaml": b""}))]), "no package.yaml"
    ),
    "everything is hidden": Case(
        Image([BASE, packed(tar({"./.wh..wh..opq": b""}))]), "no package.yaml"
    ),
    "two layers are labelled": Case(
        Image([BASE, PLAIN + b"", packed(PLAIN * 2)], label(BASE) | label(packed(PLAIN * 2))),
        "2 layers are labelled",
    ),
    "package.yaml is a link": Case(
        Image([packed(tar({"package.yaml": Link("x.yaml")}))]),
        "is a link",
        ": 0.tar.gz: package.yaml",
    ),
    "package.yaml is a hard link": Case(
        Image([packed(tar({"package.yaml": Link("x.yaml", tarfile.LNKTYPE)}))]), "is a link"
    ),
    "package.yaml is a folder": Case(
        Image([packed(tar({"package.yaml": Link("", tarfile.DIRTYPE)}))]), "is a link"
    ),
    "package.yaml is too large": Case(
        Image([packed(header("package.yaml", (200 << 20) + 1))]),
        "Crossplane reads at most 209715200",
        ": 0.tar.gz: package.yaml",
    ),
    "package.yaml is truncated": Case(Image([packed(PLAIN[:600])]), "truncated", ": 0.tar.gz"),
    "package.yaml claims more bytes than the layer has": Case(
        Image([packed(header("package.yaml", 200 << 20))]), "truncated", ": 0.tar.gz"
    ),
    "a layer is truncated": Case(Image([BASE[:40]]), "truncated", ": 0.tar.gz"),
    "a layer is damaged": Case(
        Image([BASE[:20] + b"\0\xff\0\xff" + BASE[24:]]), "damaged gzip data", ": 0.tar.gz"
    ),
    "a layer lacks its length": Case(Image([BASE[:-4]]), "truncated", ": 0.tar.gz"),
    "a layer has another checksum": Case(
        Image([BASE[:-8] + b"\0\0\0\0" + BASE[-4:]]), "damaged gzip data", ": 0.tar.gz"
    ),
    "a layer has another length": Case(
        Image([BASE[:-4] + b"\0\0\0\0"]), "damaged gzip data", ": 0.tar.gz"
    ),
    "a layer is followed by a byte": Case(Image([BASE + b"x"]), "truncated", ": 0.tar.gz"),
    "a layer is followed by zeros": Case(
        Image([BASE + bytes(512)]), "damaged gzip data", ": 0.tar.gz"
    ),
    "a layer is not that of its name": Case(
        tar(by_digest([BASE], {}) | {f"{digest(BASE)[7:]}.tar.gz": OTHER}),
        "is damaged: its digest",
        f": {digest(BASE)[7:]}.tar.gz",
    ),
    "a layer is not that of its label": Case(
        Image([OTHER], label(BASE)), "is damaged: its digest", ""
    ),
    "a layer is not that of its diff_id": Case(
        Image([BASE], more={"config": config(diff_ids=[digest(PLAIN + bytes(512))])}),
        "is damaged: its digest",
        ": 0.tar.gz",
    ),
    "a plain layer is not that of its diff_id": Case(
        Image([PLAIN], more={"config": config(diff_ids=[digest(BASE)])}),
        "is damaged: its digest",
        ": 0.tar.gz",
    ),
    "a config is not that of its name": Case(
        tar(by_digest([BASE], {}) | {digest(config()): config(label(BASE))}),
        "is damaged: its digest",
        f": {digest(config())}",
    ),
    "a layer is followed by other bytes": Case(
        Image([packed(tar({})[:512] * 9) + bytes(9), packed(header("x", 9) + bytes(9))]),
        "truncated",
    ),
    "a layer is not a tar archive": Case(
        Image([packed(b"#!" * 999)]), "not a tar archive", ": 0.tar.gz"
    ),
    "a layer is zstd": Case(Image([b"\x28\xb5\x2f\xfd" * 999]), "damaged zstd data"),
    "a negative size": Case(Image([packed(header("x", -512))]), "negative size", ": 0.tar.gz"),
    "a sparse member": Case(
        Image([packed(header("x", 1 << 40, tarfile.GNUTYPE_SPARSE))]), "sparse"
    ),
    "a sparse member in a pax header": Case(
        Image([packed(pax(b"22 GNU.sparse.major=1\n") + header("x", 0))]), "sparse"
    ),
    "a pax header without end": Case(
        Image([packed(header("x", 1 << 40, tarfile.XHDTYPE))]), "extended tar header of"
    ),
    "a long name without end": Case(
        Image([packed(header("x", 1 << 40, tarfile.GNUTYPE_LONGNAME))]), "extended tar header of"
    ),
    "a pax record without length": Case(Image([packed(pax(b"0 path=\n"))]), "damaged extended"),
    "a pax record that is too long": Case(Image([packed(pax(b"99 path=x\n"))]), "damaged extended"),
    "a pax header of digits": Case(Image([packed(pax(b"9" * 1_000_000))]), "damaged extended"),
    "a pax size that is not a number": Case(
        Image([packed(pax(b"12 size=-512\n"[:12] + b"\n"))]), "damaged extended"
    ),
    "a pax size beyond the file": Case(
        Image([packed(pax(b"17 size=99999999\n") + header("x", 0))]), "truncated"
    ),
    "pax headers without end": Case(Image([packed(pax(b"9 path=x\n") * 3000)]), "no package.yaml"),
    "two meta objects": Case(stream(META + b"---\n" + META), "2 meta objects"),
    "no meta object": Case(stream(XRD), "no meta object"),
    "an empty package.yaml": Case(stream(b""), "no meta object"),
    "broken YAML": Case(
        stream(META + b"---\nx: [\n"), "is not valid YAML", ": package.yaml, line 7, column 1"
    ),
    "invalid UTF-8": Case(
        stream(META + b"# \xe4\n"), "is not UTF-8", ": package.yaml, line 5, column 3"
    ),
    "an alias bomb in the meta object": Case(
        stream(META + b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"), "alias"
    ),
    "a meta object that nests deeply": Case(stream(META + b"a: " + b"[" * 100_000), "nests"),
    "a document that nests deeply": Case(stream(META + b"---\n" + b"[" * 100_000), "mapping"),
    "a mapping that nests deeply": Case(
        stream(META + b"---\na: " + b"[" * 100_000), "nests deeper"
    ),
    "a meta object with an endless number": Case(
        stream(META + b"spec: {dependsOn: " + b"9" * 100_000 + b"}\n"), "dependsOn is not a list"
    ),
    "a meta object with text that has the tag of a number": Case(
        stream(META + b"spec: {dependsOn: !!int word}\n"), "dependsOn is not a list"
    ),
    "a flood of tag directives": Case(
        stream(META + b"".join(b"%%TAG !%d! x\n" % number for number in range(60_000))),
        "more than 100 %TAG directives",
    ),
    "a long kind": Case(
        stream(META + b"---\napiVersion: v1\nkind: " + b"X" * 501 + b"\n"),
        "a document has more than 500 characters in its kind",
    ),
    "a meta object with a long name": Case(
        stream(META.replace(b"platform", b"x" * 4097)), "name has more than 4096 characters"
    ),
    "a meta object with a long range": Case(
        stream(META + b"spec: {crossplane: {version: '>=" + b"9" * 5000 + b"'}}\n"),
        "spec.crossplane.version has more than 4096 characters",
    ),
    "a meta object with a long source": Case(
        stream(META + b"spec: {dependsOn: [{provider: " + b"x" * 5000 + b"}]}\n"),
        "spec.dependsOn[0].provider has more than 4096 characters",
    ),
    "a large meta object": Case(stream(META + b"# " + b"x" * (1 << 20)), "larger than 1 MiB"),
    "a large document that must be parsed": Case(
        stream(META + b"---\na: " + b"x" * (5 << 20)), "is too large"
    ),
    "documents without end": Case(stream(META + b"---\n" * 100_001), "more than 100000 documents"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_bad_file_has_one_clear_error(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "package.xpkg"
    path.write_bytes(case.content if isinstance(case.content, bytes) else case.content.stored())
    with pytest.raises(DevcacheError) as refused:
        packages.read(path)
    assert case.problem in refused.value.problem
    assert refused.value.where.startswith(f"{path}{case.place}")
