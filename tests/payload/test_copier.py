"""The copier on a ConfigMap and a cache: it loads, keeps and unloads packages."""

import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared.copier_pod import (
    CHANGED,
    COPIER,
    NETWORK,
    PLATFORM,
    Package,
    Pod,
    cached,
    config_map,
    new_pod,
    store,
    tool,
    traces,
)

pytestmark = pytest.mark.linux  # busybox

FOREIGN = {
    "acme-network-0123456789ab.gz": b"pulled by Crossplane",
    "registry.example.com/other.gz": b"in a folder that the copier also uses",
    "notes/crossplane-devcache": b"crossplane-devcache",
}


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return new_pod(tmp_path / "pod", tmp_path / "cache")


def test_shellcheck_passes() -> None:
    run = subprocess.run([tool("shellcheck"), COPIER], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("platform.gz", id="a-bare-name"),
        pytest.param("registry.example.com/acme/platform:v0.1.gz", id="folders-and-a-tag"),
        pytest.param("localhost:5000/acme/platform@sha256:0123abcd.gz", id="a-port-and-a-digest"),
        pytest.param(
            "registry-example-com-acme-platform-sha256-01234.gz", id="a-digest-line's-key"
        ),
        pytest.param("-rf", id="looks-like-an-option"),
        pytest.param("a/$(reboot)/`id`/*.gz", id="special-characters-of-a-shell"),
    ],
)
def test_a_package_is_loaded_at_its_path_in_the_index(pod: Pod, path: str) -> None:
    outcome = pod.load(replace(PLATFORM, path=path))
    assert (outcome.status, outcome.stderr) == (0, "")
    assert outcome.stdout == f"loaded platform -> {path}\n"
    assert cached(pod.cache) == {path: PLATFORM.content}
    assert (pod.cache / path).stat().st_mode & 0o777 == 0o644  # Crossplane may be another user


def test_a_package_in_parts_is_joined_in_the_order_of_the_index(pod: Pod) -> None:
    large = random.Random(0).randbytes(5_000)  # noqa: S311  # equal in each run
    outcome = pod.load(NETWORK, replace(PLATFORM, content=large, parts=12))
    assert (outcome.status, outcome.stderr) == (0, "")
    assert outcome.stdout.endswith(f"loaded platform -> {PLATFORM.path}\n")
    assert cached(pod.cache) == {PLATFORM.path: large, NETWORK.path: NETWORK.content}


def test_another_division_into_parts_writes_nothing(pod: Pod) -> None:
    pod.load(PLATFORM)
    before = traces(pod.cache)
    outcome = pod.load(replace(PLATFORM, parts=3))
    assert outcome.stdout == f"unchanged platform -> {PLATFORM.path}\n"
    assert traces(pod.cache) == before


def test_a_second_run_writes_nothing(pod: Pod) -> None:
    pod.load(PLATFORM, NETWORK)
    before = traces(pod.cache)
    outcome = pod.load(PLATFORM, NETWORK)
    assert traces(pod.cache) == before
    assert outcome.stdout == (
        f"unchanged platform -> {PLATFORM.path}\nunchanged network -> {NETWORK.path}\n"
    )


def test_changed_content_replaces_the_file(pod: Pod) -> None:
    pod.load(PLATFORM, NETWORK)
    outcome = pod.load(CHANGED, NETWORK)
    assert f"loaded platform -> {PLATFORM.path}\n" in outcome.stdout
    assert cached(pod.cache) == {PLATFORM.path: CHANGED.content, NETWORK.path: NETWORK.content}


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(Path.unlink, id="deleted-as-by-Crossplane-when-unreadable"),
        pytest.param(lambda path: os.truncate(path, 60), id="cut-off"),
        pytest.param(lambda path: os.truncate(path, path.stat().st_size - 4), id="without-its-end"),
        pytest.param(
            lambda path: path.write_bytes(path.read_bytes()[:-8] + bytes(8)), id="another-checksum"
        ),
        pytest.param(lambda path: os.truncate(path, 0), id="empty"),
        pytest.param(lambda path: store(path.parent, path.name, b"x"), id="written-by-Crossplane"),
    ],
)
def test_a_damaged_cache_file_is_loaded_again(pod: Pod, spoil: Callable[[Path], None]) -> None:
    pod.load(PLATFORM)
    spoil(pod.cache / PLATFORM.path)
    assert pod.run().stdout == f"loaded platform -> {PLATFORM.path}\n"
    assert cached(pod.cache) == {PLATFORM.path: PLATFORM.content}


def test_a_package_that_left_the_index_is_unloaded(pod: Pod) -> None:
    pod.load(PLATFORM, NETWORK)
    outcome = pod.load(NETWORK)
    assert f"unloaded {PLATFORM.path}\n" in outcome.stdout
    assert cached(pod.cache) == {NETWORK.path: NETWORK.content}


def test_unloading_the_last_package_removes_its_folders(pod: Pod) -> None:
    pod.load(PLATFORM, NETWORK)
    assert pod.load().status == 0
    assert list(pod.cache.iterdir()) == []


def test_crossplanes_own_files_stay_through_load_and_unload(pod: Pod) -> None:
    for path, content in FOREIGN.items():
        store(pod.cache, path, content)
    before = {path: (pod.cache / path).stat().st_mtime_ns for path in FOREIGN}
    pod.load(PLATFORM)
    pod.load()
    assert cached(pod.cache) == FOREIGN
    assert {path: (pod.cache / path).stat().st_mtime_ns for path in FOREIGN} == before


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"pulled", id="another-content"),
        pytest.param(PLATFORM.content, id="the-same-content"),
    ],
)
def test_a_file_that_crossplane_overwrote_stays(pod: Pod, content: bytes) -> None:
    pod.load(PLATFORM)
    store(pod.cache, PLATFORM.path, content)
    pod.load()
    assert cached(pod.cache) == {PLATFORM.path: content}


def test_a_file_that_resembles_a_loaded_one_stays(pod: Pod) -> None:
    notes = pod.cache / "notes.txt"
    notes.write_bytes(b"10 bytes, crossplane-devcache")
    assert pod.load().stdout == ""
    assert notes.exists()


def test_the_unfinished_file_of_another_pod_stays(pod: Pod) -> None:
    pod.load(PLATFORM)
    written = (pod.cache / PLATFORM.path).rename(pod.cache / ".crossplane-devcache.other-pod")
    pod.load()
    assert written.exists()


def test_links_in_the_cache_are_not_followed(pod: Pod) -> None:
    pod.load(PLATFORM)
    outside = pod.root / "outside"
    shutil.copytree(pod.cache, outside)
    (pod.cache / "link").symlink_to(outside)
    (pod.cache / "file.gz").symlink_to(outside / PLATFORM.path)
    pod.load()
    assert cached(outside) == {PLATFORM.path: PLATFORM.content}
    assert sorted(path.name for path in pod.cache.iterdir()) == ["file.gz", "link"]


def test_a_mount_without_kubelets_links_is_read(pod: Pod) -> None:
    for key, value in config_map(PLATFORM).items():
        (pod.mount / key).write_bytes(value)
    assert pod.run().status == 0
    assert cached(pod.cache) == {PLATFORM.path: PLATFORM.content}


def test_the_last_line_of_the_index_needs_no_line_end(pod: Pod) -> None:
    data = config_map(PLATFORM, NETWORK)
    pod.publish(data | {"index": data["index"].rstrip()})
    assert pod.run().status == 0
    assert cached(pod.cache).keys() == {PLATFORM.path, NETWORK.path}


_folders = st.lists(st.text("ab:@_-*", min_size=1, max_size=3), max_size=2).map("/".join)
_paths = st.builds(
    lambda folder, name: f"{folder}/{name}.gz".lstrip("/"),
    _folders,
    st.text("ab:@._-*", max_size=3).map("n".__add__),
)
_indexes = st.dictionaries(_paths, st.binary(min_size=1, max_size=300), max_size=4)


@settings(max_examples=30, deadline=None)
@given(indexes=st.lists(_indexes, min_size=1, max_size=4), foreign=_folders)
def test_after_each_run_the_cache_holds_the_indexed_and_the_foreign_files(
    indexes: list[dict[str, bytes]], foreign: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pod = new_pod(Path(folder) / "pod", Path(folder) / "cache")
        store(pod.cache, f"{foreign}/foreign.gz".lstrip("/"), b"pulled")
        untouched = cached(pod.cache)
        for index in indexes:
            packages = (Package(f"p{n}", *item) for n, item in enumerate(index.items()))
            assert pod.load(*packages).status == 0
            assert cached(pod.cache) == untouched | index
            assert all(any(path.iterdir()) for path in pod.cache.rglob("*") if path.is_dir())
