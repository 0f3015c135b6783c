"""OCI layouts, as archives and as folders: the same package, and the digest of the manifest."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from postrender import packages
from postrender.errors import DevcacheError
from tests.shared.layouts import (
    AMD64,
    ARM64,
    BASE,
    CONFIG,
    INDEX,
    MANIFEST,
    Layout,
    blob,
    descriptor,
    index,
    zstd,
)
from tests.shared.package_files import (
    META,
    STREAM,
    Link,
    compact,
    config,
    digest,
    label,
    packed,
    tar,
    write_files,
)
from tests.shared.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLAIN = tar({"package.yaml": STREAM})
LAYER = packed(PLAIN)
OTHER = packed(tar({"package.yaml": META + b"# another\n"}))
RUNTIME = packed(tar({"bin/provider": b"\x7fELF"}))
HIDDEN = packed(tar({".wh.package.yaml": b""}))

PACKAGE = Layout([LAYER])
IMAGE = PACKAGE.written_manifest()
OTHER_IMAGE = Layout([OTHER]).written_manifest()
ATTESTATION = {"platform": {"os": "unknown", "architecture": "unknown"}}


def of_platforms(*descriptors: dict[str, object]) -> Layout:
    """Return a layout with the index of several images."""
    platforms = index(*descriptors)
    return Layout(
        index=index(descriptor(platforms, INDEX)),
        more={blob(content): content for content in (platforms, OTHER, OTHER_IMAGE)},
    )


@dataclass(frozen=True)
class Case:
    layout: Layout
    reason: str
    digest: str = ""
    """The digest, if it is not that of the layout's manifest."""
    package_yaml: bytes = STREAM


LISTED = {
    "annotated": Case(
        Layout([LAYER, OTHER], {0: BASE}), "the annotation decides, not the order of the layers"
    ),
    "another-annotation": Case(
        Layout([LAYER, RUNTIME], {0: {"annotations": {"io.crossplane.xpkg": "upbound"}}}),
        "without the annotation `base`, Crossplane reads the flattened file system",
    ),
    "not-annotated": Case(
        Layout([OTHER, LAYER, RUNTIME]), "an upper layer hides the files of lower layers"
    ),
    "only-labelled": Case(
        Layout([OTHER, LAYER], config=config(label(OTHER))),
        "Crossplane reads annotations in a registry; only a push of an .xpkg makes them of labels",
    ),
    "whiteout-above": Case(Layout([LAYER, HIDDEN], {0: BASE}), "only the annotated layer is read"),
    "zstd": Case(Layout([zstd(PLAIN)], {0: BASE}), "go-containerregistry unpacks zstd"),
    "zstd-frames": Case(
        Layout([zstd(PLAIN[:700]) + b"\x50\x2a\x4d\x18\x02\0\0\0ab" + zstd(PLAIN[700:])]),
        "podman's zstd:chunked has several frames, and some to skip",
    ),
    "zstd-with-diff-id": Case(
        Layout([zstd(PLAIN)], config=config(diff_ids=[digest(PLAIN)])), "the diff_id is compared"
    ),
    "plain": Case(Layout([PLAIN]), "a layer may be a plain tar file"),
    "same-layer-twice": Case(Layout([LAYER, LAYER]), "two descriptors may name one blob"),
    "media-types-of-docker": Case(
        replace(
            PACKAGE,
            index=index(descriptor(IMAGE, "application/vnd.docker.distribution.manifest.v2+json")),
        ),
        "crane pull --format=oci keeps the media types of the registry",
    ),
    "several-names": Case(
        replace(
            PACKAGE,
            index=index(
                descriptor(IMAGE, MANIFEST, annotations={"org.opencontainers.image.ref.name": "a"}),
                descriptor(IMAGE, MANIFEST, annotations={"org.opencontainers.image.ref.name": "b"}),
            ),
        ),
        "buildx lists an image once for each of its names",
    ),
    "dot-slash": Case(
        replace(
            PACKAGE,
            more={f"./{name}": content for name, content in PACKAGE.files().items()},
            without=list(PACKAGE.files()),
        ),
        "tar of a folder writes ./ at the start of a name",
    ),
}

PLATFORMS = {
    "amd64-second": (
        [
            descriptor(OTHER_IMAGE, MANIFEST, **ARM64),
            descriptor(IMAGE, MANIFEST, **AMD64),
        ],
        "Crossplane reads the image for linux/amd64 on all platforms",
    ),
    "without-platform": (
        [
            descriptor(OTHER_IMAGE, MANIFEST, **ARM64),
            descriptor(IMAGE, MANIFEST),
        ],
        "go-containerregistry takes a missing platform for linux/amd64",
    ),
    "variant": (
        [
            descriptor(
                IMAGE,
                MANIFEST,
                platform={"os": "linux", "architecture": "amd64", "variant": "v3"},
            ),
            descriptor(OTHER_IMAGE, MANIFEST, **AMD64),
        ],
        "the first that matches, with any variant",
    ),
    "attestation": (
        [
            descriptor(b"missing", MANIFEST, **ATTESTATION),
            descriptor(IMAGE, MANIFEST, **AMD64),
        ],
        "buildx adds attestations, which nobody runs",
    ),
}

CASES = {
    **LISTED,
    **{
        name: Case(of_platforms(*entries), reason, digest(index(*entries)))
        for name, (entries, reason) in PLATFORMS.items()
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_layout_is_read_as_crossplane_reads_the_image(tmp_path: Path, case: Case) -> None:
    archive = tmp_path / "package.tar"
    archive.write_bytes(case.layout.stored())
    forms = [("OCI archive", archive), ("OCI layout", case.layout.write(tmp_path))]
    expected = case.digest or digest(case.layout.written_manifest())
    for form, path in forms:
        package = packages.read(path)
        assert package.package_yaml.content == case.package_yaml, case.reason
        assert package.digest == expected, case.reason
        assert package.digest_is_registrys
        assert package.form == form


def test_an_archive_with_a_manifest_json_is_read_as_by_the_crossplane_cli(tmp_path: Path) -> None:
    """Docker save and buildx write archives that are also layouts."""
    manifest = compact([{"Config": blob(config()), "Layers": [blob(LAYER)]}])
    path = tmp_path / "image.tar"
    path.write_bytes(tar({**PACKAGE.files(), "manifest.json": manifest}))
    package = packages.read(path)
    assert (package.form, package.package_yaml.content) == ("xpkg", STREAM)
    assert package.digest != digest(IMAGE), "a push by the CLI writes another manifest"


def test_files_of_a_layout_may_be_links(tmp_path: Path) -> None:
    """Build systems link blobs. Their digests are compared, so a link is harmless."""
    (tmp_path / "elsewhere").write_bytes(LAYER)
    path = replace(PACKAGE, more={blob(LAYER): Link("../../../elsewhere")}).write(tmp_path)
    assert packages.read(path).digest == digest(IMAGE)


REAL = DATA / "archives"


@pytest.mark.parametrize("name", json.loads((REAL / "archives.json").read_bytes()))
def test_the_files_of_other_tools_have_the_digest_of_the_registry(name: str) -> None:
    expected = json.loads((REAL / "archives.json").read_bytes())[name]
    package = packages.read(REAL / name)
    assert (package.form, package.digest) == (expected["form"], expected["digest"])
    assert package.package_yaml.digest == expected["content"]


def with_manifest(content: bytes) -> Layout:
    return Layout(manifest=content)


def with_entries(*entries: object) -> Layout:
    return replace(PACKAGE, index=compact({"manifests": list(entries)}))


ENTRY = descriptor(IMAGE, MANIFEST)
NESTED: list[bytes] = [IMAGE]
for _ in range(5):
    NESTED.append(index(descriptor(NESTED[-1], INDEX if len(NESTED) > 1 else MANIFEST)))


@dataclass(frozen=True)
class Bad:
    layout: Layout
    problem: str
    """A phrase of the message."""
    place: str = ""
    """The rest of its `where`, behind the path."""
    more: Mapping[str, bytes] = field(default_factory=dict)


BAD = {
    "no index.json": Bad(replace(PACKAGE, without=["index.json"]), "is not in the", "index.json"),
    "index.json is not JSON": Bad(replace(PACKAGE, index=b"{"), "is not valid JSON", "index.json"),
    "index.json is a list": Bad(
        replace(PACKAGE, index=b"[]"), "is not a JSON object", "index.json"
    ),
    "index.json without manifests": Bad(
        replace(PACKAGE, index=b"{}"), "manifests is not a list", "index.json"
    ),
    "index.json is large": Bad(
        replace(PACKAGE, index=b" " * 3_000_000), "3000000 bytes, more than", "index.json"
    ),
    "no image": Bad(with_entries(), "has 0 images", "index.json"),
    "two images": Bad(with_entries(ENTRY, descriptor(OTHER, MANIFEST)), "has 2 images"),
    "a number for a descriptor": Bad(with_entries(1), "without a sha256 digest", "index.json"),
    "a path for a digest": Bad(
        with_entries({**ENTRY, "digest": "sha256:../../../etc/passwd"}), "without a sha256 digest"
    ),
    "an absolute path for a digest": Bad(
        with_entries({**ENTRY, "digest": "/etc/passwd"}), "without a sha256 digest"
    ),
    "sha512": Bad(with_entries({**ENTRY, "digest": "sha512:" + "0" * 128}), "sha256 digest"),
    "upper case": Bad(
        with_entries({**ENTRY, "digest": digest(IMAGE).replace("a", "A")}), "sha256 digest"
    ),
    "a line break behind a digest": Bad(
        with_entries({**ENTRY, "digest": digest(IMAGE) + "\n"}), "sha256 digest"
    ),
    "no size": Bad(with_entries({**ENTRY, "size": None}), "without a size"),
    "a size that is true": Bad(with_entries({**ENTRY, "size": True}), "without a size"),
    "another size": Bad(
        with_entries({**ENTRY, "size": 7}), "but its descriptor says 7", blob(IMAGE)
    ),
    "an unknown media type": Bad(
        with_entries({**ENTRY, "mediaType": "x"}), "neither an image nor an index", blob(IMAGE)
    ),
    "no media type": Bad(
        with_entries({**ENTRY, "mediaType": None}), "neither an image nor an index"
    ),
    "a missing manifest": Bad(replace(PACKAGE, without=[blob(IMAGE)]), "is not in the"),
    "a damaged manifest": Bad(
        replace(PACKAGE, more={blob(IMAGE): IMAGE.replace(b"2", b"3", 1)}), "is damaged: its digest"
    ),
    "a manifest that is not JSON": Bad(with_manifest(b"{"), "is not valid JSON", blob(b"{")),
    "a manifest that is a list": Bad(with_manifest(b"[]"), "is not a JSON object", blob(b"[]")),
    "a manifest without config": Bad(with_manifest(b"{}"), "without a sha256 digest", blob(b"{}")),
    "a manifest without layers": Bad(
        with_manifest(compact({"config": descriptor(config(), CONFIG)})), "layers is not a list"
    ),
    "no layers": Bad(Layout([]), "no package.yaml"),
    "too many layers": Bad(Layout([LAYER] * 257), "has more than 256 layers"),
    "a config that is not JSON": Bad(Layout(config=b"{"), "is not valid JSON", blob(b"{")),
    "a label that is a number": Bad(
        Layout(config=b'{"config":{"Labels":{"io.crossplane.xpkg:sha256:0":1}}}'),
        "a label is not a string",
    ),
    "a missing layer": Bad(replace(PACKAGE, without=[blob(LAYER)]), "is not in the", blob(LAYER)),
    "a damaged layer": Bad(
        replace(PACKAGE, more={blob(LAYER): LAYER[:-1] + b"\1"}), "is damaged", blob(LAYER)
    ),
    "a damaged runtime": Bad(
        replace(Layout([RUNTIME, LAYER], {1: BASE}), more={blob(RUNTIME): RUNTIME[:-1] + b"\1"}),
        "is damaged",
        blob(RUNTIME),
    ),
    "a truncated layer": Bad(
        replace(PACKAGE, more={blob(LAYER): LAYER[:-1]}), "but its descriptor says", blob(LAYER)
    ),
    "a layer with two sizes": Bad(
        Layout([LAYER, LAYER], {1: {"size": 7}}), "is damaged", blob(LAYER)
    ),
    "a layer that is not that of its diff_id": Bad(
        Layout(config=config(diff_ids=[digest(b"")])), "is damaged", blob(LAYER)
    ),
    "a zstd layer that is not that of its diff_id": Bad(
        Layout([zstd(PLAIN)], config=config(diff_ids=[digest(b"")])), "is damaged"
    ),
    "a plain layer that is not that of its diff_id": Bad(
        Layout([PLAIN], config=config(diff_ids=[digest(b"")])), "is damaged"
    ),
    "a zstd layer that is truncated": Bad(Layout([zstd(PLAIN)[:-9]]), "is truncated"),
    "a zstd layer followed by bytes": Bad(Layout([zstd(PLAIN) + b"abcd"]), "damaged zstd data"),
    "a zstd layer that needs much memory": Bad(
        Layout([b"\x28\xb5\x2f\xfd\x00\xa8" + b"x" * 20]), "damaged zstd data"
    ),
    "two annotated layers": Bad(
        Layout([LAYER, OTHER], {0: BASE, 1: BASE}), "2 layers are labelled as the package"
    ),
    "no package.yaml in the annotated layer": Bad(
        Layout([LAYER, RUNTIME], {1: BASE}), "no package.yaml"
    ),
    "no image for amd64": Bad(
        of_platforms(descriptor(IMAGE, MANIFEST, **ARM64)), "has no image for linux/amd64"
    ),
    "a platform that is a text": Bad(
        of_platforms(descriptor(IMAGE, MANIFEST, platform="linux/amd64")), "has no image for"
    ),
    "an index without images": Bad(of_platforms(), "has no image for linux/amd64"),
    "an index as an image": Bad(
        replace(PACKAGE, index=index(descriptor(IMAGE, INDEX))), "manifests is not a list"
    ),
    "an image as an index": Bad(
        Layout(
            index=index(descriptor(index(ENTRY), MANIFEST)),
            more={blob(index(ENTRY)): index(ENTRY)},
        ),
        "without a sha256 digest",
    ),
    "indexes within each other": Bad(
        replace(
            PACKAGE,
            index=index(descriptor(NESTED[-1], INDEX)),
            more={blob(content): content for content in NESTED},
        ),
        "has more than 4 indexes within each other",
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_layout_has_one_clear_error_in_both_forms(tmp_path: Path, bad: Bad) -> None:
    archive = tmp_path / "package.tar"
    archive.write_bytes(bad.layout.stored())
    for path in (archive, bad.layout.write(tmp_path)):
        with pytest.raises(DevcacheError) as refused:
            packages.read(path)
        assert bad.problem in refused.value.problem
        assert refused.value.where.startswith(f"{path}: {bad.place}" if bad.place else f"{path}")


def test_a_blob_in_an_archive_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """Only `docker save` links layers."""
    path = tmp_path / "package.tar"
    layout = replace(PACKAGE, more={blob(LAYER): Link("../../x"), "x": LAYER})
    path.write_bytes(layout.stored())
    with pytest.raises(DevcacheError, match="is a link or not a regular file"):
        packages.read(path)


def test_special_files_in_a_layout_are_refused(tmp_path: Path) -> None:
    path = replace(PACKAGE, without=[blob(LAYER)]).write(tmp_path)
    os.mkfifo(path / blob(LAYER))
    with pytest.raises(DevcacheError, match="not a regular file"):
        packages.read(path)


def test_a_package_directory_is_not_a_layout(tmp_path: Path) -> None:
    files = {"crossplane.yaml": META, "index.json": b"{}", "oci-layout/x.yaml": b""}
    path = write_files(tmp_path / "package", files)
    assert packages.read(path).form == "directory"
