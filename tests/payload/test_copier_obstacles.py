"""The copier in a cache to which others write: it uses only regular files and real folders."""

from __future__ import annotations

import gzip
import itertools
import os
import shlex
import shutil
import signal
import stat
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.shared.copier_pod import (
    CHANGED,
    GONE,
    NETWORK,
    PLATFORM,
    Outcome,
    Package,
    Pod,
    cached,
    config_map,
    ended,
    new_pod,
)
from tests.shared.fuzzing import fuzzed

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.linux  # busybox, FIFOs

MARK = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03crossplane-devcache\0\x03" + bytes(9)
"""The empty gzip member at the beginning of each file that the copier wrote."""


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Pod:
    """Return one pod for all tests; each one starts with an empty cache."""
    root = tmp_path_factory.mktemp("pod")
    return new_pod(root / "pod", root / "cache")


@pytest.fixture(scope="module")
def temporary(pod: Pod) -> str:
    """Return the name of the pod's temporary file."""
    pod.publish(config_map(PLATFORM))
    pod.run("mv() { kill -9 0; }")
    [path] = pod.cache.glob(".*")
    return path.name


def emptied(pod: Pod) -> Path:
    """Empty the cache and the folder beside it, and return the latter, with one marked file."""
    outside = pod.root / "outside"
    for folder in (pod.cache, outside):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    (outside / "marked.gz").write_bytes(MARK + gzip.compress(b"not in the cache"))
    return outside


@pytest.fixture
def outside(pod: Pod) -> Path:
    return emptied(pod)


MAKE: dict[str, Callable[[Path, Path], object]] = {
    "a folder": lambda path, _: path.mkdir(),
    "a file": lambda path, _: path.write_bytes(b"pulled"),
    "a file with the mark": lambda path, _: path.write_bytes(MARK + gzip.compress(b"kind: E\n")),
    "a FIFO": lambda path, _: os.mkfifo(path),
    "a second name of a file": lambda path, outside: path.hardlink_to(outside / "marked.gz"),
    "a link to a folder": lambda path, outside: path.symlink_to(outside),
    "a link to a file": lambda path, outside: path.symlink_to(outside / "marked.gz"),
    "a link to nothing": lambda path, outside: path.symlink_to(outside / "new"),
    "a link to the cache": lambda path, _: path.symlink_to("."),
}
"""What may be in the way: functions of its path and of the folder beside the cache."""


def tree(folder: Path) -> dict[str, str | bytes]:
    """Return the files below a folder with their bytes, and all else with its kind."""
    return {
        str(path.relative_to(folder)): (
            f"a link to {path.readlink()}"
            if path.is_symlink()
            else path.read_bytes()
            if path.is_file()
            else "a folder"
            if path.is_dir()
            else "a FIFO"
        )
        for path in folder.rglob("*")
    }


def run(pod: Pod) -> Outcome:
    """Run the copier, and kill it if it opens a FIFO: it would wait there for ever."""
    fifos = [path for path in pod.cache.rglob("*") if stat.S_ISFIFO(path.lstat().st_mode)]
    copier = pod.start()
    with ExitStack() as stack:
        for fifo in fifos:
            stack.enter_context(killed_at(fifo, copier))
        return ended(copier)


@contextmanager
def killed_at(fifo: Path, copier: subprocess.Popen[str]) -> Iterator[None]:
    """Kill a copier if it opens a FIFO; a thread waits at the other end of the FIFO.

    That is the end of a reader at the temporary file, elsewhere that of a writer.
    """
    mode = os.O_RDONLY if fifo.name.startswith(".crossplane-devcache") else os.O_WRONLY
    handle = os.open(fifo, os.O_PATH)
    path = f"/proc/self/fd/{handle}"  # it leads to the FIFO even if that is removed

    def wait() -> None:
        os.close(os.open(path, mode))
        if copier.returncode is None:
            os.killpg(copier.pid, signal.SIGKILL)

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        both_ends = os.open(path, os.O_RDWR)
        thread.join()
        os.close(both_ends)
        os.close(handle)


FOLDERS = ["registry.example.com", "registry.example.com/acme"]
FILES = [PLATFORM.path, "{temporary}"]


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        *itertools.product(FOLDERS, sorted(MAKE.keys() - {"a folder"})),
        *itertools.product(FILES, [kind for kind in sorted(MAKE) if "file" not in kind]),
        *itertools.product(FILES, ["a link to a file"]),
    ],
)
def test_an_obstacle_is_named_and_stays(
    pod: Pod, temporary: str, outside: Path, place: str, kind: str
) -> None:
    place = place.format(temporary=temporary)
    obstacle = pod.cache / place
    obstacle.parent.mkdir(parents=True, exist_ok=True)
    MAKE[kind](obstacle, outside)
    pod.publish(config_map(PLATFORM))
    before = tree(pod.cache), tree(outside)
    outcome = run(pod)
    assert (tree(pod.cache), tree(outside)) == before
    assert outcome == Outcome(1, "", obstructed(PLATFORM, place, before[0][place]))


def obstructed(package: Package, place: str, entry: str | bytes) -> str:
    """Return the message for what is at `place`, on the way to the file of a package."""
    kinds = {"a folder": "directory", "a FIFO": "fifo"}
    link = "symbolic link" if isinstance(entry, str) else "regular file"
    problem = f"{package.name}.xz: cannot write {package.path} into the cache"
    found = f"{place} is in the way: it is a {kinds.get(str(entry), link)}"
    return f"crossplane-devcache: error: {problem}: {found}\n"


@pytest.mark.parametrize("place", FILES)
def test_a_file_with_a_second_name_is_replaced(
    pod: Pod, temporary: str, outside: Path, place: str
) -> None:
    path = pod.cache / place.format(temporary=temporary)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.hardlink_to(outside / "marked.gz")
    before = tree(outside)
    assert pod.load(PLATFORM).status == 0
    assert cached(pod.cache) == {PLATFORM.path: PLATFORM.content}
    assert tree(outside) == before


def test_a_link_to_the_right_file_is_in_the_way(pod: Pod, outside: Path) -> None:
    pod.load(PLATFORM)
    file = pod.cache / PLATFORM.path
    file.rename(outside / "moved.gz")
    file.symlink_to(outside / "moved.gz")
    assert run(pod).stderr == obstructed(PLATFORM, PLATFORM.path, "a link")
    assert file.is_symlink()


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param("x\n{outside}", id="an-absolute-path"),
        pytest.param("x\n../pod/outside", id="a-path-out-of-the-cache"),
        pytest.param("x\nlink", id="a-path-through-a-link"),
    ],
)
def test_a_line_break_in_a_name_unloads_nothing(pod: Pod, outside: Path, folder: str) -> None:
    forged = pod.cache / folder.format(outside=outside)
    forged.mkdir(parents=True)
    (forged / "marked.gz").write_bytes(b"pulled")
    (pod.cache / "link").symlink_to(outside)
    before = tree(pod.cache), tree(outside)
    assert pod.load() == Outcome(0, "", "")
    assert (tree(pod.cache), tree(outside)) == before


@pytest.mark.parametrize("name", ["\x1b[31mred.gz", "\x9b31mred.gz", "b\x08.gz", "\x7f.gz"])
def test_a_name_in_the_cache_is_printed_without_control_characters(
    pod: Pod, outside: Path, name: str
) -> None:
    shutil.copy(outside / "marked.gz", pod.cache / name)
    outcome = pod.load()
    assert outcome.stdout.startswith("unloaded ")
    assert is_safe(outcome)


@pytest.mark.parametrize(
    "package",
    [
        replace(PLATFORM, path="\x1b[31m/red.gz"),
        replace(PLATFORM, path="\x1b[31m/../red.gz"),
        replace(PLATFORM, name="\x1b[31mred"),
        replace(PLATFORM, name="red\x1b[31m", path="../red.gz"),
    ],
)
@pytest.mark.usefixtures("outside")
def test_the_index_is_printed_without_control_characters(pod: Pod, package: Package) -> None:
    assert is_safe(pod.load(package))
    (pod.payload / package.file).unlink()
    shutil.rmtree(pod.cache / "\x1b[31m", ignore_errors=True)
    assert is_safe(pod.run())


def is_safe(outcome: Outcome) -> bool:
    """Return whether a copier printed something, and nothing but lines of printable characters."""
    output = outcome.stdout + outcome.stderr
    return output.endswith("\n") and all(line.isprintable() for line in output.split("\n"))


@pytest.mark.usefixtures("outside")
def test_two_pods_of_one_hostname_have_different_temporary_files(pod: Pod, tmp_path: Path) -> None:
    """The second pod is killed while it writes, just before the first pod renames its file."""
    second = new_pod(tmp_path / "second", pod.cache)
    second.publish(config_map(CHANGED))
    half = 'gzip() { case $1 in -1) printf half; kill -9 $$ ;; *) command gzip "$@" ;; esac; }'
    pod.publish(config_map(PLATFORM))
    outcome = pod.run(f'mv() {{ {shlex.join(second.command(half))}; command mv "$@"; }}')
    assert outcome.status == 0
    assert cached(pod.cache, "*.gz") == {PLATFORM.path: PLATFORM.content}


NAMES = (
    st.sampled_from(["registry.example.com", "acme", "platform:v0.1.gz", "network:v0.1.gz"])
    | st.sampled_from(["{temporary}", "x\n{outside}", "x\n.", "gone", "marked.gz", "-rf", "*.gz"])
    | st.text("a*?[ \n\t\x1b-\\'\"$`;\x7f\xe9", min_size=1, max_size=4)
)
ENTRIES = st.tuples(st.lists(NAMES, min_size=1, max_size=3), st.sampled_from(sorted(MAKE)))


def put(cache: Path, outside: Path, path: str, kind: str) -> None:
    """Make an entry of the cache and the folders above it, unless another one prevents that."""
    place = cache / path
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(place):
            MAKE[kind](place, outside)


def first_obstacle(path: str, entries: dict[str, str | bytes]) -> str | None:
    """Return the first part of a path at which there is no folder or, at the end, no file."""
    for part in itertools.accumulate(path.split("/"), "{}/{}".format):
        entry = entries.get(part)
        if entry is None:
            return None
        if entry != "a folder" if part != path else isinstance(entry, str):
            return part
    return None


@fuzzed(40, most=200)  # each example runs a shell
@given(entries=st.lists(ENTRIES, max_size=8), is_loaded=st.booleans())
@example(entries=[(["x\n{outside}", "marked.gz"], "a file")], is_loaded=True)
@example(entries=[(["registry.example.com"], "a link to a folder")], is_loaded=False)
@example(entries=[(["{temporary}"], "a FIFO")], is_loaded=True)
@example(
    entries=[(["{temporary}"], "a file"), (["registry.example.com"], "a FIFO")], is_loaded=False
)
def test_in_any_cache_the_copier_changes_only_its_own_files_or_names_the_obstacle(
    pod: Pod, temporary: str, entries: list[tuple[list[str], str]], *, is_loaded: bool
) -> None:
    outside = emptied(pod)
    if is_loaded:
        pod.load(PLATFORM, GONE)
    for names, kind in entries:
        path = "/".join(names).format(temporary=temporary, outside=outside)
        put(pod.cache, outside, path, kind)
    pod.publish(config_map(CHANGED, NETWORK))
    before, around = tree(pod.cache), tree(pod.root)
    ways = [(CHANGED, CHANGED.path), (NETWORK, NETWORK.path), (CHANGED, temporary)]
    obstacles = [
        obstructed(package, place, before[place])
        for package, path in ways
        if (place := first_obstacle(path, before))
    ]

    outcome = run(pod)

    after = tree(pod.cache)
    assert tree(pod.root) == around
    assert is_safe(outcome)
    assert outcome.stderr == "".join(obstacles[:1])
    if isinstance(before.get(temporary), bytes):  # from an interrupted run of this pod
        before.pop(temporary)
    if obstacles:
        assert (outcome.status, after) == (1, before)
        return
    assert outcome.status == 0
    for package in (CHANGED, NETWORK):
        content = after.pop(package.path)
        assert isinstance(content, bytes)
        assert gzip.decompress(content) == package.content
        before.pop(package.path, None)
    assert GONE.path not in after
    removed = {path: before.pop(path) for path in before.keys() - after.keys()}
    for path, entry in removed.items():
        if isinstance(entry, bytes):
            assert entry.startswith(MARK), path
        else:
            assert entry == "a folder", path
            assert any(file.startswith(f"{path}/") for file in removed), path
    added = {path: after.pop(path) for path in after.keys() - before.keys()}
    for path, entry in added.items():
        assert entry == "a folder", path
        assert CHANGED.path.startswith(f"{path}/"), path
    assert after == before, "all else is unchanged"
