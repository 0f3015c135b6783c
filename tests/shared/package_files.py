"""Package files and directories for tests."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import random
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

META = b"apiVersion: meta.pkg.crossplane.io/v1\nkind: Configuration\nmetadata:\n  name: platform\n"

PROVIDER = META.replace(b"Configuration", b"Provider")

XRD = b"apiVersion: apiextensions.crossplane.io/v1\nkind: CompositeResourceDefinition\n"

VALID_XRD = (
    XRD
    + b"""\
metadata: {name: xs.example.org}
spec:
  group: example.org
  names: {kind: X, plural: xs}
  versions:
  - {name: v1, served: true, referenceable: true, schema: {openAPIV3Schema: {type: object}}}
"""
)
"""An XRD that the API server admits."""

REPOSITORY: dict[str, bytes] = {
    ".github/workflows/ci.yaml": b"on: push\n",
    ".github/workflows/tag.yml": b"on: push\n",
    "mkdocs.yml": b"site: x\n",
    "apis/xrd.yaml": VALID_XRD,
    "examples/claim.yaml": b"- 1\n",
    "test/setup/claim.yaml": b"apiVersion: example.org/v1\nkind: Network\n---\n" * 2,
}
"""The files of a package, and others that are usual in its repository."""

STREAM = META + b"---\n" + XRD


@dataclass(frozen=True)
class Link:
    """A link, as a member of an archive or an entry of a directory."""

    target: str
    type: bytes = tarfile.SYMTYPE


def tar(members: Mapping[str, bytes | Link]) -> bytes:
    """Return a plain tar file."""
    stored = io.BytesIO()
    with tarfile.open(fileobj=stored, mode="w") as archive:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            if isinstance(content, Link):
                header.type, header.linkname = content.type, content.target
                archive.addfile(header)
                continue
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return stored.getvalue()


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Return a tar header that claims `size` bytes of content, without any content."""
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def packed(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=1, mtime=0)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def config(labels: Mapping[str, str] | None = None, diff_ids: Sequence[str] = ()) -> bytes:
    """Return an image config as the crossplane CLI writes it, by default without diff_ids."""
    return compact(
        {
            "architecture": "",
            "created": "0001-01-01T00:00:00Z",
            "os": "",
            "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
            "config": {"Labels": labels} if labels else {},
        }
    )


def label(layer: bytes, value: str = "base") -> dict[str, str]:
    return {f"io.crossplane.xpkg:{digest(layer)}": value}


def by_digest(
    layers: Sequence[bytes], labels: Mapping[str, str], diff_ids: Sequence[str] = ()
) -> dict[str, bytes]:
    """Return the members of an archive by go-containerregistry, with a config of these fields."""
    return with_config(layers, config(labels, diff_ids))


def with_config(layers: Sequence[bytes], image_config: bytes) -> dict[str, bytes]:
    """Return the members of an archive by go-containerregistry: digests name config and layers."""
    names = [f"{digest(layer).removeprefix('sha256:')}.tar.gz" for layer in layers]
    return {
        digest(image_config): image_config,
        **dict(zip(names, layers, strict=True)),
        "manifest.json": compact([{"Config": digest(image_config), "Layers": names}]),
    }


@dataclass(frozen=True)
class Image:
    """An archive of one image. Tests can replace each of its parts by a bad one."""

    layers: Sequence[bytes] = (packed(tar({"package.yaml": STREAM})),)
    labels: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, bytes | Link] = field(default_factory=dict)
    without: Sequence[str] = ()

    def members(self) -> dict[str, bytes | Link]:
        names = [f"{number}.tar.gz" for number in range(len(self.layers))]
        manifest = [{"Config": "config", "RepoTags": None, "Layers": names}]
        members: dict[str, bytes | Link] = {
            "config": config(self.labels),
            **dict(zip(names, self.layers, strict=True)),
            "manifest.json": json.dumps(manifest).encode(),
            **self.more,
        }
        return {name: content for name, content in members.items() if name not in self.without}

    def stored(self) -> bytes:
        return tar(self.members())

    def write(self, folder: Path) -> Path:
        path = folder / "package.xpkg"
        path.write_bytes(self.stored())
        return path


FUNCTION = b"apiVersion: meta.pkg.crossplane.io/v1\nkind: Function\nmetadata:\n  name: zones\n"


def with_runtime(
    path: Path, program: bytes = b"#!/bin/sh", *, architecture: str = "amd64", level: int = 1
) -> Path:
    """Write an .xpkg with a runtime as `crossplane xpkg build --embed-runtime-image` does.

    Args:
        path: The file.
        program: The only file of the runtime's layer.
        architecture: The architecture of the runtime.
        level: The level of compression.
    """
    tars = [tar({"program": program}), tar({"package.yaml": FUNCTION})]
    layers = [gzip.compress(content, compresslevel=level, mtime=0) for content in tars]
    image_config = compact(
        {
            "architecture": architecture,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [digest(content) for content in tars]},
            "config": {"Entrypoint": ["/program"], "Labels": label(layers[1])},
        }
    )
    path.write_bytes(tar(with_config(layers, image_config)))
    return path


def with_large_runtime(path: Path, size: int) -> Path:
    """Write an .xpkg with a runtime whose only file has `size` zero bytes, as a sparse file."""
    size += -size % tarfile.BLOCKSIZE
    program, package = header("program", size), tar({"package.yaml": FUNCTION})
    end = bytes(2 * tarfile.BLOCKSIZE)
    runtime_digest = hashlib.sha256(program)
    for _ in range(size >> 20):
        runtime_digest.update(bytes(1 << 20))
    runtime_digest.update(bytes(size % (1 << 20)) + end)
    diff_ids = [f"sha256:{runtime_digest.hexdigest()}", digest(package)]
    image_config = compact(
        {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "config": {"Entrypoint": ["/program"], "Labels": label(package)},
        }
    )
    others = {
        "package.tar": package,
        "config.json": image_config,
        "manifest.json": compact(
            [{"Config": "config.json", "Layers": ["runtime.tar", "package.tar"]}]
        ),
    }
    with path.open("wb") as file:
        file.write(header("runtime.tar", len(program) + size + len(end)) + program)
        file.seek(size, os.SEEK_CUR)
        file.write(end + tar(others))
    return path


def directory(folder: Path, files: Mapping[str, bytes | Link]) -> Path:
    """Write the files of a package directory in order; by default crossplane.yaml has only META."""
    return write_files(folder, {"crossplane.yaml": META, **files})


def write_files(folder: Path, files: Mapping[str, bytes | Link]) -> Path:
    """Write files and links into a folder in order, and return the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        else:
            path.write_bytes(content)
    return folder


def noise(size: int) -> str:
    """Return text that xz packs into a little more than `size` bytes, equal in each run.

    Base64 packs in a third of the time that hexadecimal digits take.
    """
    return base64.b64encode(random.Random(size).randbytes(size)).decode()  # noqa: S311  # no secret


def incompressible(folder: Path, size: int) -> Path:
    """Write a package that xz packs into a little more than `size` bytes, and return its path."""
    meta = "apiVersion: meta.pkg.crossplane.io/v1\nkind: Configuration\nmetadata: {name: x}\n"
    folder.mkdir()
    (folder / "crossplane.yaml").write_text(meta)
    (folder / "x.yaml").write_text(
        "apiVersion: apiextensions.crossplane.io/v1\nkind: Composition\n"
        f"metadata:\n  name: x\n  annotations: {{x: {noise(size)}}}\n"
    )
    return folder
