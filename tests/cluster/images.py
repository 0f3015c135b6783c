"""Container images of one layer, written as `docker save` would and imported into containerd."""

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
"""The copier's image in the chart; here it is the busybox of Debian."""

PAUSE = "crossplane-devcache.local/pause:1"
"""The container that holds a pod's namespaces: it must run, and nothing else."""


@dataclass(frozen=True)
class Image:
    """An image to be imported."""

    reference: str
    files: Mapping[str, Path]
    """What is in it, by path without a leading slash: files, or folders with all that they hold."""

    links: Mapping[str, str] = field(default_factory=dict)
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    user: str = ""


def busybox(program: Path) -> Image:
    """Return the image of busybox, with a link for each of its commands."""
    listed = subprocess.run([program, "--list"], check=True, capture_output=True, text=True)
    names = [name for name in listed.stdout.split() if name != "busybox"]
    links = {f"bin/{name}": "busybox" for name in names}
    return Image(BUSYBOX, {"bin/busybox": program}, links, command=["sh"])


def pause(program: Path) -> Image:
    """Return the image of the container that does nothing."""
    idle = ["/bin/busybox", "tail", "-f", "/dev/null"]
    return Image(PAUSE, {"bin/busybox": program}, entrypoint=idle)


def write(image: Image, archive: Path) -> None:
    """Write an image as an archive."""
    layer = archive.with_suffix(".layer")
    with tarfile.open(layer, "w") as tar:
        for name, source in sorted(image.files.items()):
            tar.add(source.resolve(), name, filter=_roots)
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
        tar.add(layer, "layer.tar", filter=_roots)
        _add(tar, "config.json", json.dumps(configuration))
        _add(tar, "manifest.json", json.dumps(manifest))
    layer.unlink()


def load(init: Init, folder: Path, image: Image) -> None:
    """Import an image into the containerd of the node.

    Args:
        init: The node.
        folder: Where there is room for a file for a while, and where the node sees it.
        image: The image.
    """
    with tempfile.TemporaryDirectory(dir=folder) as own:
        archive = Path(own, "image.tar")
        write(image, archive)
        namespaces.run(init, "ctr", "--namespace=k8s.io", "images", "import", str(archive))


def _roots(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def _add(tar: tarfile.TarFile, name: str, text: str) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(text.encode())
    tar.addfile(member, io.BytesIO(text.encode()))
