"""Writes container images of one layer, in the format of `docker save`, and imports them."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import namespaces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.cluster.namespaces import Init

BUSYBOX = "docker.io/library/busybox:1.37.0"
"""The image of the copier in the chart; here it contains the busybox of Debian."""

PAUSE = "crossplane-devcache.local/pause:1"
"""The image of the container that holds the namespaces of a pod and does nothing."""


IMPORT = ("ctr", "--namespace=k8s.io", "images", "import", "-")
"""The command in the node that imports an image archive from stdin for kubelet."""


@dataclass(frozen=True)
class Image:
    """An image to import."""

    reference: str
    files: Mapping[str, Path]
    """The files and folders of the image, by path without a leading slash."""

    links: Mapping[str, str] = field(default_factory=dict)
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    user: str = ""


def busybox(program: Path) -> Image:
    """Return the image of busybox, with a link for each of its commands."""
    applets = subprocess.run([program, "--list"], check=True, capture_output=True, text=True)
    names = [name for name in applets.stdout.split() if name != "busybox"]
    links = {f"bin/{name}": "busybox" for name in names}
    return Image(BUSYBOX, {"bin/busybox": program}, links, command=["sh"])


def pause(program: Path) -> Image:
    """Return the image of a container that does nothing."""
    idle = ["/bin/busybox", "tail", "-f", "/dev/null"]
    return Image(PAUSE, {"bin/busybox": program}, entrypoint=idle)


def write(image: Image, archive: Path) -> None:
    """Write an image as an archive."""
    layer = archive.with_suffix(".layer")
    with tarfile.open(layer, "w") as tar:
        for name, source in sorted(image.files.items()):
            tar.add(source.resolve(), name, filter=_as_root)
        for name, target in sorted(image.links.items()):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    configuration = {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": list(image.entrypoint),
            "Cmd": list(image.command),
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"],
            "User": image.user,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [image.reference], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        tar.add(layer, "layer.tar", filter=_as_root)
        _add(tar, "config.json", json.dumps(configuration))
        _add(tar, "manifest.json", json.dumps(manifest))
    layer.unlink()


def load(init: Init, folder: Path, image: Image) -> None:
    """Import an image into the containerd of the node.

    Args:
        init: The node.
        folder: A folder for a temporary file, which the node must see.
        image: The image.
    """
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        archive = Path(temporary, "image.tar")
        write(image, archive)
        namespaces.run(init, *IMPORT[:-1], str(archive))


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def _add(tar: tarfile.TarFile, name: str, text: str) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(text.encode())
    tar.addfile(member, io.BytesIO(text.encode()))
