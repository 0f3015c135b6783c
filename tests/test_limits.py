"""The real command on hostile input: one clear message, in bounded time and memory.

The kernel holds the bounds. RLIMIT_CPU counts the time of the process itself, so that a busy
machine makes no difference; RLIMIT_AS limits the memory; RLIMIT_FSIZE forbids writing files.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.shared.copier_pod import tool
from tests.shared.layouts import zstd
from tests.shared.package_files import META, XRD, Image, compact, directory, header, packed
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pytestmark = pytest.mark.linux  # prlimit, and a limit of memory that the kernel holds

COMMAND = Path(sys.executable).with_name("crossplane-devcache")
RENDERED = (GOLDEN / "crossplane-2.4" / "input-helm3.yaml").read_bytes()

CPU = 120
"""Seconds of a processor: the slowest case takes a tenth of them."""

MEMORY = 1 << 30
"""Bytes of address space, enough for a package.yaml of 200 MiB, the permitted maximum."""

CONFIG = b"apiVersion: crossplane-devcache/v1alpha1\nkind: DevCache\nmetadata:\n  name: x\n"
PACKAGES = b"spec: {packages: {hostile: {path: %s}}}\n"


def run(
    folder: Path, config: bytes, stdin: bytes, options: Sequence[str] = ("--config=devcache.yaml",)
) -> subprocess.CompletedProcess[bytes]:
    """Run the filter in `folder`, under the limits."""
    (folder / "devcache.yaml").write_bytes(config)
    limits = (f"--cpu={CPU}", f"--as={MEMORY}", "--fsize=0", "--core=0")
    return subprocess.run(
        [tool("prlimit"), *limits, COMMAND, *options],
        input=stdin,
        capture_output=True,
        cwd=folder,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )


def refusal(run: subprocess.CompletedProcess[bytes]) -> str:
    """Return the message of a refusal, after a check that it is safe for a terminal."""
    message = run.stderr.decode()
    assert (run.returncode, run.stdout) == (1, b""), message
    assert message.startswith("crossplane-devcache: error: ")
    assert all(character.isprintable() or character == "\n" for character in message)
    lines = message.splitlines()
    assert len(lines) == 1 or (len(lines), lines[1][:6]) == (2, "hint: ")
    return message


def repeated(content: bytes, times: int) -> bytes:
    """Return gzip data of the content, repeated; only one copy is packed."""
    return packed(content) * times


def extension(record: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """Return an extended header of 1 MiB or a little less."""
    size = (1 << 20) // len(record) * len(record)
    padding = bytes(-size % tarfile.BLOCKSIZE)
    return header("x", size, kind) + record * (size // len(record)) + padding


def package_yaml(content: bytes) -> bytes:
    """Return an archive with this package.yaml."""
    padding = bytes(-len(content) % tarfile.BLOCKSIZE)
    return Image([packed(header("package.yaml", len(content)) + content + padding)]).stored()


def write_links(path: Path) -> None:
    """Write 3,000 links to targets of 1 MiB each: 3 GiB in a sparse file."""
    record = b"1048576 linkpath="
    extension = header("pax", 1 << 20, tarfile.XHDTYPE) + record
    link = header("link", 0, tarfile.SYMTYPE)
    with path.open("wb") as file:
        for _ in range(3_000):
            end = file.tell() + 512 + (1 << 20)
            file.write(extension)
            file.seek(end)
            file.write(link)


def write_hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(17 << 30)


STREAM = META + b"---\n" + XRD + b"# "
FILL = (200 << 20) - len(STREAM)

ARCHIVES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a gzip bomb": (
        lambda path: path.write_bytes(
            Image([packed(header("x", 3 << 30)) + repeated(bytes(16 << 20), 192)]).stored()
        ),
        "unpacks to more than 2048 MiB",
    ),
    "a gzip bomb over several layers": (
        lambda path: path.write_bytes(
            Image(
                [
                    packed(header(f"{number}", 1 << 30)) + repeated(bytes(16 << 20), 64)
                    for number in range(3)
                ]
            ).stored()
        ),
        "unpacks to more than 2048 MiB",
    ),
    "an archive that is a gzip bomb": (
        lambda path: path.write_bytes(
            packed(header("x", 5 << 30)) + repeated(bytes(16 << 20), 260)
        ),
        "unpacks to more than 4096 MiB",
    ),
    "a zstd bomb": (
        lambda path: path.write_bytes(
            Image([zstd(header("x", 3 << 30)) + zstd(bytes(16 << 20)) * 192]).stored()
        ),
        "unpacks to more than 2048 MiB",
    ),
    "a flood of empty zstd frames": (
        lambda path: path.write_bytes(Image([zstd(header("x", 0)) + zstd(b"") * 600_000]).stored()),
        "unpacks to more than 2048 MiB",
    ),
    "a compressed archive of large files": (
        lambda path: path.write_bytes(
            b"".join(
                packed(header(f"{number}", 4 << 20)) + repeated(bytes(1 << 20), 4)
                for number in range(1000)
            )
        ),
        "is not in the archive",
    ),
    "a flood of members": (
        lambda path: path.write_bytes(Image([repeated(header("x", 0) * 1000, 201)]).stored()),
        "more than 200000 members",
    ),
    "a flood of members over several layers": (
        lambda path: path.write_bytes(
            Image([repeated(header("x", 0) * 1000, 51 + number) for number in range(4)]).stored()
        ),
        "more than 200000 members",
    ),
    "a flood of records": (
        lambda path: path.write_bytes(Image([repeated(extension(b"5 a=\n"), 6)]).stored()),
        "more than 1000000 records",
    ),
    "a flood of records in the archive": (
        lambda path: path.write_bytes(extension(b"5 a=\n") * 6),
        "more than 1000000 records",
    ),
    "a flood of long names": (
        lambda path: path.write_bytes(
            Image([repeated(extension(b"a/", tarfile.GNUTYPE_LONGNAME), 70)]).stored()
        ),
        "more than 64 MiB of extended tar headers",
    ),
    "comments that end in CRLF": (
        lambda path: path.write_bytes(
            package_yaml(
                (META[: META.index(b"metadata")] + b"# x\n" * 100 + b"- x\n").replace(
                    b"\n", b"\r\n"
                )
            )
        ),
        "is not valid YAML",
    ),
    "empty lines before an object": (
        lambda path: path.write_bytes(
            package_yaml(META + b"---\n" + b"\n" * (16 << 20) + b"a: b\n")
        ),
        "is too large, and does not begin with its apiVersion and kind",
    ),
    "empty lines behind a kind": (
        lambda path: path.write_bytes(
            package_yaml(META[: META.index(b"metadata")] + b"\n" * (16 << 20) + b"metadata: {}\n")
        ),
        "larger than 1 MiB",
    ),
    "a kind without end": (
        lambda path: path.write_bytes(
            package_yaml(META + b"---\napiVersion: v1\nkind: " + b"x" * (100 << 20) + b"\n")
        ),
        "is too large",
    ),
    "a flood of nodes": (
        lambda path: path.write_bytes(
            package_yaml(META + (b"---\na: {" + b"?," * (1 << 19) + b"}\n" + XRD) * 31)
        ),
        "more than 3000000 nodes of YAML",
    ),
    "a flood of nodes in the meta object": (
        lambda path: path.write_bytes(
            package_yaml(META + b"spec: {a: {" + b"?," * 510_000 + b"}}\n")
        ),
        "more than 1000000 nodes",
    ),
    "a flood of documents": (
        lambda path: path.write_bytes(package_yaml(META + (b"---\n!!map\n" + XRD) * 100_000)),
        "more than 100000 documents",
    ),
    "a flood of empty gzip members": (
        lambda path: path.write_bytes(Image([repeated(b"", 600_000)]).stored()),
        "unpacks to more than 2048 MiB",
    ),
    "a flood of members in the archive": (
        lambda path: path.write_bytes(header("x", 0) * 10_001),
        "more than 10000 members",
    ),
    "a flood of links to endless targets": (write_links, "a name of more than 4096 characters"),
    "a sparse file": (write_hole, "larger than 16 GiB"),
    "a package.yaml of 200 MiB": (
        lambda path: path.write_bytes(
            Image(
                [
                    packed(header("package.yaml", 200 << 20) + STREAM)
                    + repeated(b"x" * (1 << 20), FILL >> 20)
                    + packed(b"\xff" * (FILL % (1 << 20)))
                ]
            ).stored()
        ),
        "is not UTF-8",
    ),
    "a package.yaml of 200 MiB in documents that must be parsed": (
        lambda path: path.write_bytes(
            Image(
                [
                    packed(header("package.yaml", 200 << 20) + META)
                    + repeated(b"---\na: '" + b"x" * (4 << 20) + b"'\n" + XRD, 49)
                    + packed(b"\n" * (4 << 20))
                ]
            ).stored()
        ),
        "is too large, and does not begin with its apiVersion and kind",
    ),
}
"""The writer of each archive, and a phrase of its refusal. A test writes only its own archive."""


@pytest.mark.parametrize(("archive", "problem"), ARCHIVES.values(), ids=ARCHIVES)
def test_hostile_archives_are_refused(
    tmp_path: Path, archive: Callable[[Path], object], problem: str
) -> None:
    archive(tmp_path / "package.xpkg")
    message = refusal(run(tmp_path, CONFIG + PACKAGES % b"package.xpkg", RENDERED))
    assert message.startswith("crossplane-devcache: error: package hostile, package.xpkg")
    assert problem in message


def many_files(folder: Path) -> None:
    for number in range(200):
        (folder / f"{number}").mkdir()
        for file in range(501):
            (folder / f"{number}" / f"{file}.yaml").touch()


def many_documents(folder: Path) -> None:
    for number in range(21):
        (folder / f"{number}.yaml").write_bytes((b"---\n" + XRD) * 5000)


def many_nodes(folder: Path) -> None:
    for number in range(70):
        (folder / f"{number}.yaml").write_bytes(XRD + b"a: [" + b"a," * 50_000 + b"]\n")


def many_bad_documents(folder: Path) -> None:
    for number in range(20):
        (folder / f"{number}.yaml").write_bytes(b"---\na: b\n" * 4900)


def many_bad_files(folder: Path) -> None:
    for number in range(100):
        for name in (f"{number}", f"{number}/a"):
            (folder / name).mkdir()
            for file in range(200):
                (folder / name / f"{file}.yaml").write_bytes(b"a: b\n" if file % 3 else XRD)


def many_metas(folder: Path) -> None:
    for number in range(20_000):
        (folder / f"{number}").mkdir()
        (folder / f"{number}" / "crossplane.yaml").write_bytes(META)


DIRECTORIES = {
    "bad-documents": (many_bad_documents, "20 files have documents that are not Kubernetes"),
    "bad-files": (many_bad_files, "26600 files have documents that are not Kubernetes objects"),
    "metas": (many_metas, "20001 meta objects"),
    "files": (many_files, "more than 100000 documents"),
    "documents": (many_documents, "more than 100000 documents"),
    "nodes": (many_nodes, "more than 3000000 nodes of YAML"),
}


@pytest.mark.parametrize(("write", "problem"), DIRECTORIES.values(), ids=DIRECTORIES)
def test_hostile_directories_are_refused(
    tmp_path: Path, write: Callable[[Path], None], problem: str
) -> None:
    write(directory(tmp_path / "package", {}))
    message = refusal(run(tmp_path, CONFIG + PACKAGES % b"package", RENDERED))
    assert message.startswith("crossplane-devcache: error: package hostile, package")
    assert problem in message


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    assert "zero.yaml: is larger than 16 MiB" in refusal(
        run(tmp_path, CONFIG, RENDERED, ["--config=zero.yaml"])
    )


def test_empty_lines_before_a_manifest_take_little_memory(tmp_path: Path) -> None:
    declaration = b"---\n" + b"\n" * (8 << 20) + CONFIG
    outcome = run(tmp_path, CONFIG, RENDERED + declaration, [])
    assert (outcome.returncode, outcome.stderr) == (0, b"")


@dataclass(frozen=True)
class Text:
    """The text behind the name in an object's metadata, and its refusal.

    In a document that the filter only passes through, any YAML is permitted.
    """

    more: bytes
    problem: str
    """A regular expression of the refusal, or "" for valid text."""
    passes: bool = True


LEVELS = b"".join(
    b"  %c: &%c [%s]\n" % (level, level, b",".join([b"*%c" % (level - 1)] * 10))
    for level in b"bcdefghijklmnopqrstuvwxyz"
)

TEXTS = {
    "an alias bomb": Text(b"  a: &a [x,x,x,x,x,x,x,x,x,x]\n" + LEVELS, "uses a YAML alias"),
    "an alias of itself": Text(b"  a: &a [*a]\n", "uses a YAML alias"),
    "a bomb of merge keys": Text(
        b"  a: &a {x: 1}\n"
        + b"".join(b"  m%d: &a%d {<<: [*a, *a], k%d: 1}\n" % (n, n, n) for n in range(1000)),
        "uses a YAML alias|has a YAML merge key",
    ),
    "deep lists": Text(b"  a: " + b"[" * 300_000, "nests deeper than|larger than", passes=False),
    "deep mappings": Text(
        b"  a: " + b"{a: " * 200_000, "nests deeper|is not valid YAML", passes=False
    ),
    "deep blocks": Text(b"  a:\n  " + b"- " * 300_000, "nests deeper", passes=False),
    "deep complex keys": Text(
        b"  ? " + b"? " * 300_000, "nests deeper|list or a mapping for a key", passes=False
    ),
    "a scalar of 8 MiB": Text(b"  a: '" + b"x" * (8 << 20) + b"'\n", ""),
    "a scalar without end": Text(
        b"  a: '" + b"x\n" * (1 << 18), "unexpected end of stream", passes=False
    ),
    "thirty thousand scalars": Text(b"  a: [" + b"x," * 30_000 + b"]\n", ""),
    "five thousand keys": Text(b"".join(b"  k%d: 1\n" % number for number in range(5_000)), ""),
    "a duplicate key": Text(b"  a: 1\n  a: 2\n", 'repeats the key "a" on line [56]'),
    "a duplicate key with control characters": Text(
        b'  "\\e[2J\\nhint": 1\n' * 2, r'repeats the key "\\x1b\[2J\\nhint"'
    ),
    "a flood of tag directives": Text(
        b"...\n" + b"".join(b"%%TAG !%d! x\n" % number for number in range(60_000)),
        "more than 100 %TAG directives",
        passes=False,
    ),
    "tags of Python": Text(b"  a: !!python/object/apply:os.system ['exit 7']\n", ""),
    "a number without end": Text(b"  a: " + b"9" * 900_000 + b"\n", ""),
    "a number of sixty parts": Text(b"  a: 1" + b":59" * 300_000 + b"\n", ""),
    "invalid numbers": Text(b"  a: !!int word\n  b: 0x_\n  c: 1e999999\n", ""),
    "a NUL": Text(b"  a: x\0y\n", "is not valid YAML: a character", passes=False),
    "an escape character": Text(b"  a: \x1b[2J\n", "is not valid YAML: a character", passes=False),
    "Latin-1": Text(b"  a: caf\xe9\n", "is not UTF-8", passes=False),
    "an overlong encoding": Text(b"  a: \xc0\xaf\n", "is not UTF-8", passes=False),
    "a surrogate": Text(b"  a: \xed\xa0\x80\n", "is not UTF-8", passes=False),
    "an escaped surrogate": Text(b'  a: "\\ud800"\n', "is not valid YAML", passes=False),
    "other line breaks": Text(
        "  a: x\u2028---\x85b: y\n".encode(),
        "is not valid YAML|more than one|continues after its end",
        passes=False,
    ),
}


def as_config(folder: Path, text: Text) -> subprocess.CompletedProcess[bytes]:
    return run(folder, CONFIG + text.more, RENDERED)


def as_manifest(folder: Path, text: Text) -> subprocess.CompletedProcess[bytes]:
    """Run on a manifest that must be parsed, because it might be the declaration."""
    other = b"---\napiVersion: v1\nkind: DevCache\nmetadata:\n  name: x\n" + text.more
    return run(folder, CONFIG, RENDERED + other)


def as_package_yaml(folder: Path, text: Text) -> subprocess.CompletedProcess[bytes]:
    stream = META + text.more
    layer = packed(header("package.yaml", len(stream)) + stream + bytes(-len(stream) % 512))
    Image([layer]).write(folder)
    return run(folder, CONFIG + PACKAGES % b"package.xpkg", RENDERED)


@pytest.mark.parametrize("read", [as_config, as_package_yaml])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_yaml_is_refused_or_read(
    tmp_path: Path,
    text: Text,
    read: Callable[[Path, Text], subprocess.CompletedProcess[bytes]],
) -> None:
    outcome = read(tmp_path, text)
    if outcome.returncode or text.problem:
        assert re.search(text.problem, refusal(outcome))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_yaml_of_other_manifests_passes_unchanged(tmp_path: Path, text: Text) -> None:
    outcome = as_manifest(tmp_path, text)
    if text.passes:
        assert (outcome.returncode, outcome.stderr) == (0, b"")
        assert text.more in outcome.stdout
    else:
        assert re.search(text.problem, refusal(outcome))


ODD = "a\n\x1b[2Jhint: \u202e\u2028"
"""A name that would control the terminal or end the message early."""


def odd_file(folder: Path) -> tuple[bytes, bytes]:
    directory(folder / "package", {f"{ODD}.yaml": b"a: ["})
    return CONFIG + PACKAGES % b"package", RENDERED


def odd_folder(folder: Path) -> tuple[bytes, bytes]:
    directory(folder / ODD, {"x.yaml": b"a: ["})
    return CONFIG + PACKAGES % json.dumps(ODD).encode(), RENDERED


def odd_member(folder: Path) -> tuple[bytes, bytes]:
    Image(more={"manifest.json": compact([{"Config": ODD, "Layers": [ODD]}])}).write(folder)
    return CONFIG + PACKAGES % b"package.xpkg", RENDERED


def odd_layer(folder: Path) -> tuple[bytes, bytes]:
    manifest = compact([{"Config": "config", "Layers": [ODD]}])
    Image(more={ODD: b"x", "manifest.json": manifest}).write(folder)
    return CONFIG + PACKAGES % b"package.xpkg", RENDERED


def odd_kind(folder: Path) -> tuple[bytes, bytes]:
    other = b"apiVersion: v1\nkind: " + json.dumps(ODD).encode() + b"\n"
    directory(folder / "package", {"x.yaml": other})
    return CONFIG + PACKAGES % b"package", RENDERED


def odd_package(_: Path) -> tuple[bytes, bytes]:
    return CONFIG + b"spec: {packages: {%s: {path: x}}}\n" % json.dumps(ODD).encode(), RENDERED


def odd_deployments(_: Path) -> tuple[bytes, bytes]:
    name = b"  name: " + json.dumps(ODD).encode() + b"\n"
    renamed = RENDERED.replace(b"  name: crossplane\n", name)
    return CONFIG, renamed + renamed


def odd_tag(_: Path) -> tuple[bytes, bytes]:
    image = json.dumps(f"crossplane:{ODD}").encode()
    return CONFIG, re.sub(rb"image: .*crossplane:.*", lambda _: b"image: " + image, RENDERED)


def odd_template(_: Path) -> tuple[bytes, bytes]:
    text = "---\n# Source: \x1b[2J\u202e\nkind: DevCache\na: [\n"
    return CONFIG, RENDERED + text.encode()


@pytest.mark.parametrize(
    "prepared",
    [
        odd_file,
        odd_folder,
        odd_member,
        odd_layer,
        odd_kind,
        odd_package,
        odd_deployments,
        odd_tag,
        odd_template,
    ],
)
def test_messages_quote_odd_names(
    tmp_path: Path, prepared: Callable[[Path], tuple[bytes, bytes]]
) -> None:
    message = refusal(run(tmp_path, *prepared(tmp_path)))
    assert "x1b[2J" in message
