"""Package files: their contents, and their digest in a registry."""

from __future__ import annotations

import hashlib
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from postrender import packages
from postrender.packages import Dependency, Member
from tests.shared.configurations import ACME
from tests.shared.memory import peak_of_reading
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
    label,
    packed,
    tar,
)
from tests.shared.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VECTORS = DATA / "xpkg"

BASE = packed(tar({"package.yaml": STREAM}))
RUNTIME = packed(tar({"bin/provider": b"\x7fELF"}))
OTHER = packed(tar({"package.yaml": META + b"# another\n"}))


@pytest.mark.parametrize("name", ["configuration.xpkg", "provider-with-runtime.xpkg"])
def test_real_packages_have_the_digest_of_the_registry(name: str) -> None:
    expected = json.loads((VECTORS / "digests.json").read_bytes())[name]
    package = packages.read(VECTORS / name)
    assert package.digest == expected["registry_digest"]
    assert package.digest_is_registrys
    assert (
        hashlib.sha256(package.package_yaml.content).hexdigest() == expected["package_yaml_sha256"]
    )


def test_the_meta_object_and_members_of_a_package_are_read(tmp_path: Path) -> None:
    spec = b"""\
spec:
  crossplane: {version: ">=v2.0.0"}
  dependsOn:
  - function: xpkg.example.org/acme/function
    version: ">=v0.1.0"
  - {apiVersion: pkg.crossplane.io/v1, kind: Provider, package: xpkg.example.org/acme/provider}
"""
    definition = XRD + b"metadata:\n  name: xplatforms.example.org\n"
    layer = packed(tar({"package.yaml": definition + b"---\n" + META + spec}))
    package = packages.read(Image([layer]).write(tmp_path))
    assert (package.kind, package.name) == ("Configuration", "platform")
    assert package.api_version == "meta.pkg.crossplane.io/v1"
    assert package.dependencies == (
        Dependency(f"{ACME}/function", ">=v0.1.0", f"{ACME}/function"),
        Dependency(f"{ACME}/provider", "", ""),
    )
    kind = "CompositeResourceDefinition"
    member = Member(
        "apiextensions.crossplane.io/v1", kind, "xplatforms.example.org", "package.yaml", 1
    )
    assert package.members == (member,)


def test_the_manifest_annotates_the_labelled_layers(tmp_path: Path) -> None:
    labels = {**label(BASE), **label(OTHER, "<&>"), "io.crossplane.xpkg:sha256:0": "unknown"}
    package = packages.read(Image([RUNTIME, BASE, OTHER], labels).write(tmp_path))
    media_type = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    layers: list[dict[str, object]] = [
        {"mediaType": media_type, "size": len(layer), "digest": digest(layer)}
        for layer in (RUNTIME, BASE, OTHER)
    ]
    layers[1]["annotations"] = {"io.crossplane.xpkg": "base"}
    layers[2]["annotations"] = {"io.crossplane.xpkg": "<&>"}
    image_config = config(labels).replace(b"<&>", rb"\u003c\u0026\u003e")
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": len(image_config),
            "digest": digest(image_config),
        },
        "layers": layers,
    }
    written = Image([RUNTIME, BASE, OTHER], more={"config": image_config}).write(tmp_path)
    package = packages.read(written)
    assert package.digest == digest(compact(manifest).replace(b"<&>", rb"\u003c\u0026\u003e"))
    assert package.digest_is_registrys
    assert package.package_yaml.content == STREAM


@dataclass(frozen=True)
class Case:
    image: Image
    reason: str
    digest_is_registrys: bool = True
    package_yaml: bytes = STREAM


CASES = {
    "one-layer": Case(Image([BASE]), "the CLI up to 1.13 writes no labels"),
    "labelled": Case(Image([BASE, OTHER], label(BASE)), "the label decides, not the order"),
    "topmost": Case(
        Image([OTHER, BASE, RUNTIME]), "an upper layer hides the files of lower layers"
    ),
    "runtime-hides-it": Case(
        Image([BASE, packed(tar({".wh.package.yaml": b""}))], label(BASE)),
        "only the labelled layer is read",
    ),
    "whiteout-below": Case(
        Image([packed(tar({".wh.package.yaml": b"", ".wh..wh..opq": b""})), BASE]),
        "a whiteout hides files of lower layers, not of upper layers",
    ),
    "whiteout-beside": Case(
        Image([OTHER, packed(tar({".wh.package.yaml": b"", "package.yaml": STREAM}))]),
        "a whiteout hides no file of the same layer",
    ),
    "whiteout-elsewhere": Case(
        Image([BASE, packed(tar({"bin/.wh.package.yaml": b"", "bin/.wh..wh..opq": b""}))]),
        "a whiteout in a folder applies to that folder",
    ),
    "nested": Case(
        Image([BASE, packed(tar({"app/package.yaml": META, "package.yaml.bak": META}))]),
        "only package.yaml at the root counts",
    ),
    "dot-slash": Case(
        Image([packed(tar({"./": Link("", tarfile.DIRTYPE), "./package.yaml": STREAM}))]),
        "many tools write ./ at the start of a name",
    ),
    "plain": Case(
        Image([tar({"package.yaml": STREAM})]),
        "a push to a registry would compress the layer",
        digest_is_registrys=False,
    ),
    "plain-among-gzip": Case(
        Image([tar({"bin/provider": b""}), BASE], label(BASE)),
        "a push would compress the only plain layer",
        digest_is_registrys=False,
    ),
    "several-gzip-members": Case(
        Image(
            [
                packed(tar({"package.yaml": STREAM})[:700])
                + packed(tar({"package.yaml": STREAM})[700:])
            ]
        ),
        "gzip data may have several members",
    ),
    "links-in-a-layer": Case(
        Image(
            [
                packed(
                    tar(
                        {
                            "bin/sh": Link("/etc/passwd"),
                            "bin/ash": Link("bin/sh", tarfile.LNKTYPE),
                            "dev/null": Link("", tarfile.CHRTYPE),
                            "run/pipe": Link("", tarfile.FIFOTYPE),
                            "package.yaml": STREAM,
                        }
                    )
                )
            ]
        ),
        "nothing is extracted, so links are harmless",
    ),
    "long-names": Case(
        Image([packed(tar({f"{'ä' * 300}/{'b' * 300}": b"x" * 1000, "package.yaml": STREAM}))]),
        "a name of more than 100 bytes has a separate header",
    ),
    "first-of-two": Case(
        Image([tar({"package.yaml": STREAM})[:-9216] + tar({"package.yaml": META})]),
        "Crossplane reads the first package.yaml",
        digest_is_registrys=False,
    ),
    "config-of-docker": Case(
        Image([BASE], more={"config": b'{"os":"linux","architecture":"amd64","config":null}'}),
        "a push would write the config anew",
        digest_is_registrys=False,
    ),
    "config-indented": Case(
        Image([BASE], more={"config": json.dumps(json.loads(config()), indent=1).encode()}),
        "a push would write the config anew",
        digest_is_registrys=False,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_package_yaml_is_read_as_by_crossplane(tmp_path: Path, case: Case) -> None:
    package = packages.read(case.image.write(tmp_path))
    assert package.package_yaml.content == case.package_yaml, case.reason
    assert package.digest_is_registrys == case.digest_is_registrys, case.reason
    if not case.digest_is_registrys:
        assert package.digest == digest(STREAM)


def manifest(layers: list[str], **more: object) -> bytes:
    return compact([{"Config": "c.json", "RepoTags": ["acme/p:1"], "Layers": layers, **more}])


PLAIN = tar({"package.yaml": STREAM})
DOCKER_CONFIG = b'{"architecture":"amd64","config":{"Labels":null},"os":"linux"}'

DOCKER_SAVE: dict[str, Mapping[str, bytes | Link]] = {
    "legacy folders": {
        "1/VERSION": b"1.0",
        "1/layer.tar": PLAIN,
        "2/layer.tar": tar({}),
        "c.json": DOCKER_CONFIG,
        "manifest.json": manifest(["1/layer.tar", "2/layer.tar"]),
        "repositories": b"{}",
    },
    "legacy folders with a link to a layer": {
        "1/layer.tar": Link("../2/layer.tar"),
        "2/layer.tar": PLAIN,
        "c.json": DOCKER_CONFIG,
        "manifest.json": manifest(["1/layer.tar", "2/layer.tar"]),
    },
    "a hard link": {
        "2/layer.tar": PLAIN,
        "1/layer.tar": Link("2/layer.tar", tarfile.LNKTYPE),
        "c.json": DOCKER_CONFIG,
        "manifest.json": manifest(["1/layer.tar"]),
    },
    "OCI blobs": {
        "blobs/sha256/1": PLAIN,
        "c.json": DOCKER_CONFIG,
        "index.json": b"{}",
        "manifest.json": manifest(["blobs/sha256/1"], LayerSources={"sha256:1": {"size": 1}}),
        "oci-layout": b"{}",
    },
    "OCI blobs in gzip, of a crossplane CLI": {
        "manifest.json": manifest(["blobs/sha256/1"], LayerSources={"sha256:1": {"size": 1}}),
        "blobs/sha256/1": BASE,
        "c.json": config(label(BASE)),
    },
}


PACKED_AGAIN: dict[str, Mapping[str, bytes | Link]] = {
    "named by digests": by_digest([BASE], label(OTHER), [digest(PLAIN)]),
    "in folders": {
        "1/layer.tar": PLAIN,
        "c.json": config(label(BASE), [digest(PLAIN)]),
        "manifest.json": manifest(["1/layer.tar"]),
    },
    "OCI blobs": {
        f"blobs/sha256/{digest(BASE)[7:]}": BASE,
        "c.json": config(label(OTHER), [digest(PLAIN)]),
        "manifest.json": manifest([f"blobs/sha256/{digest(BASE)[7:]}"]),
    },
    "with more diff_ids than layers": by_digest([BASE], {}, [digest(b""), digest(PLAIN)]),
    "with diff_ids that are no text": {
        "0.tar.gz": BASE,
        "c.json": config().replace(b"[]", b"[1]"),
        "manifest.json": manifest(["0.tar.gz"]),
    },
}


@pytest.mark.parametrize("members", PACKED_AGAIN.values(), ids=PACKED_AGAIN)
def test_a_layer_that_was_packed_again_is_read(
    tmp_path: Path, members: Mapping[str, bytes | Link]
) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(tar(members))
    assert packages.read(path).package_yaml.content == STREAM


def test_a_layer_that_is_listed_twice_is_read_once(tmp_path: Path) -> None:
    layers = ["0.tar.gz"] * 200 + ["1.tar.gz"] * 56
    large = packed(tar({"x": bytes(64 << 20)}))
    path = tmp_path / "image.tar"
    path.write_bytes(
        tar(
            {
                "0.tar.gz": BASE,
                "1.tar.gz": large,
                "c.json": config(),
                "manifest.json": manifest(layers),
            }
        )
    )
    assert packages.read(path).package_yaml.content == STREAM  # of 3.5 GiB, 2 may be unpacked


@pytest.mark.parametrize("members", DOCKER_SAVE.values(), ids=DOCKER_SAVE)
def test_archives_of_docker_save_are_read(
    tmp_path: Path, members: Mapping[str, bytes | Link]
) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(tar(members))
    package = packages.read(path)
    assert package.package_yaml.content == STREAM
    assert (package.digest, package.digest_is_registrys) == (digest(STREAM), False)


@pytest.mark.linux  # /proc
def test_a_large_runtime_is_not_read_into_memory(tmp_path: Path) -> None:
    """A layer of 250 MB looks like gzip data, but is damaged: unpacking it would fail."""
    size = 250_000_000
    runtime = tarfile.TarInfo("runtime.tar.gz")
    runtime.size = size
    others = Image([BASE], label(BASE)).members()
    manifest = compact([{"Config": "config", "Layers": ["runtime.tar.gz", "0.tar.gz"]}])
    path = tmp_path / "large.xpkg"
    with path.open("wb") as file:
        file.write(runtime.tobuf() + b"\x1f\x8b")
        file.seek(-(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE + tarfile.BLOCKSIZE)
        file.write(tar({**others, "manifest.json": manifest}))
    assert peak_of_reading(path, "package.digest_is_registrys") < 100 * 1024
