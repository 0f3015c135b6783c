"""A pod's copier in miniature: a ConfigMap, mounted as by kubelet, a cache and a real busybox."""

import atexit
import functools
import gzip
import hashlib
import lzma
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.shared.paths import ROOT

COPIER = ROOT / "postrender" / "payload" / "copier.sh"


def tool(name: str) -> str:
    """Return the path of a program. If it is missing, the test fails; a skip is easy to miss."""
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"no {name} on the PATH: `make deps` installs busybox-static and shellcheck")
    return path


def namespace(*kinds: str) -> list[str]:
    """Return the `unshare` command for these kinds of namespaces, for any user."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return [tool("unshare"), *user, *(f"--{kind}" for kind in kinds)]


@functools.cache
def applets() -> Path:
    """Return a folder of busybox's applets. All pods share it: it holds hundreds of links."""
    folder = tempfile.TemporaryDirectory(prefix="applets-")
    atexit.register(folder.cleanup)
    subprocess.run([tool("busybox"), "--install", "-s", folder.name], check=True)
    return Path(folder.name)


@functools.cache
def xz(content: bytes) -> bytes:
    """Return the content as xz, at its fastest level."""
    return lzma.compress(content, check=lzma.CHECK_CRC32, preset=0)


@dataclass(frozen=True)
class Package:
    """One package of the ConfigMap: its name, its path in the cache and its package.yaml."""

    name: str
    path: str
    content: bytes
    parts: int = 1
    """The number of its files."""

    @property
    def file(self) -> str:
        """The names of its files, as in the index."""
        return ",".join(self.files)

    @property
    def files(self) -> dict[str, bytes]:
        """Its files by name, in their order."""
        packed, name = self.packed, f"{self.name}.xz"
        if self.parts == 1:
            return {name: packed}
        size = -(-len(packed) // self.parts)
        return {f"{name}.{n + 1}": packed[n * size :][:size] for n in range(self.parts)}

    @property
    def packed(self) -> bytes:
        return xz(self.content)


PLATFORM = Package("platform", "registry.example.com/acme/platform:v0.1.gz", b"kind: A\n" * 999)
CHANGED = replace(PLATFORM, content=b"kind: B\n" * 999)
NETWORK = Package("network", "registry.example.com/acme/network:v0.1.gz", b"kind: C\n")
GONE = Package("gone", "gone/gone:v0.1.gz", b"kind: D\n")


def config_map(*packages: Package) -> dict[str, bytes]:
    """Return the data of the ConfigMap that holds these packages, by key."""
    files = {name: data for package in packages for name, data in package.files.items()}
    index = "".join(index_line(package, package.packed) for package in packages)
    return files | {"index": index.encode(), "copier.sh": COPIER.read_bytes()}


def index_line(package: Package, packed: bytes) -> str:
    """Return the line of the index for a package whose file in the ConfigMap holds `packed`."""
    sums = [hashlib.sha256(data).hexdigest() for data in (packed, package.content)]
    return " ".join([*sums, package.file, package.path]) + "\n"


@dataclass(frozen=True)
class Outcome:
    """The exit status and the output of the copier."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Pod:
    """The folders of one pod; several pods may share a cache."""

    root: Path
    cache: Path

    @property
    def mount(self) -> Path:
        return self.root / "devcache"

    @property
    def payload(self) -> Path:
        """The folder behind `..data`, for tests that damage its files."""
        return (self.mount / "..data").resolve()

    def prepare(self, data: Mapping[str, bytes]) -> Path:
        """Write new data beside the current data, as kubelet does before it swaps `..data`."""
        folder = Path(tempfile.mkdtemp(prefix="..2026_", dir=self.mount))
        folder.chmod(0o755)
        for key, value in data.items():
            (folder / key).write_bytes(value)
        return folder

    def publish(self, data: Mapping[str, bytes]) -> None:
        """Swap `..data` to a folder with this data, and remove the previous folder."""
        before, after = self.payload, self.prepare(data)
        (self.mount / "..data_tmp").symlink_to(after.name)
        (self.mount / "..data_tmp").replace(self.mount / "..data")
        shutil.rmtree(before, ignore_errors=True)
        for link in self.mount.glob("[!.]*"):
            link.unlink()
        for key in data:
            (self.mount / key).symlink_to(f"..data/{key}")

    def command(self, overrides: str = "") -> list[str]:
        """Return the container's command. Shell functions in `overrides` replace applets."""
        script = str(self.mount / "copier.sh")
        start = ["-c", f'{overrides}\n. "$0"', script] if overrides else [script]
        return [tool("busybox"), "sh", *start, str(self.mount), str(self.cache)]

    def start(
        self, overrides: str = "", *, inside: Iterable[str] = (), arguments: Iterable[str] = ()
    ) -> subprocess.Popen[str]:
        """Start the copier with only busybox on its PATH.

        It leads a new process group, so that an override can kill the whole group (`kill -9 0`).

        Args:
            overrides: Shell functions that replace applets.
            inside: A command that runs the copier, e.g. `unshare`.
            arguments: More arguments of the copier, e.g. `watch`.
        """
        return subprocess.Popen(
            [*inside, *self.command(overrides), *arguments],
            env={"PATH": str(self.root / "bin")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",  # messages quote the index, which may contain any byte
            start_new_session=True,
        )

    def run(self, overrides: str = "", *, inside: Iterable[str] = ()) -> Outcome:
        """Run the copier until it exits."""
        return ended(self.start(overrides, inside=inside))

    def load(self, *packages: Package) -> Outcome:
        """Publish these packages and run the copier until it exits."""
        self.publish(config_map(*packages))
        return self.run()


def new_pod(root: Path, cache: Path) -> Pod:
    """Return a pod with its folders: busybox's applets, an empty mount and the cache."""
    pod = Pod(root, cache)
    pod.mount.mkdir(parents=True)
    cache.mkdir(exist_ok=True)
    (root / "bin").symlink_to(applets())
    return pod


def ended(process: subprocess.Popen[str]) -> Outcome:
    """Wait until a started copier exits, and return the outcome."""
    with process:
        stdout, stderr = process.communicate()
    return Outcome(process.returncode, stdout, stderr)


def cached(cache: Path, names: str = "*") -> dict[str, bytes]:
    """Return the unpacked files below the cache by path, including hidden files."""
    files = (path for path in cache.rglob(names) if not path.is_dir())
    return {str(path.relative_to(cache)): gzip.decompress(path.read_bytes()) for path in files}


def store(cache: Path, path: str, content: bytes) -> None:
    """Write a cache file as Crossplane does."""
    target = cache / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(content, compresslevel=1))


def traces(cache: Path) -> dict[str, tuple[int, int]]:
    """Return inode and modification time (ns) of all paths below the cache; writes change them."""
    status = {str(path): path.lstat() for path in [cache, *cache.rglob("*")]}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in status.items()}
