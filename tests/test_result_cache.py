"""The results of earlier runs save time, and do not change the output."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from postrender import packages, result_cache
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.packages import documents
from postrender.payload import compression
from postrender.release import render
from postrender.result_cache import NO_CACHE, ResultCache
from tests.shared.package_files import META, XRD, Image, directory, label, packed, tar
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Callable

RENDERED = GOLDEN / "crossplane-2.4" / "input-helm4.yaml"

LARGE = XRD + b"metadata:\n" + b"".join(b"  a%d: %d\n" % (n, n * n) for n in range(30_000))
"""An object that is large enough for the cache."""


def archive(folder: Path, package_yaml: bytes = META + b"---\n" + LARGE) -> Path:
    base = packed(tar({"package.yaml": package_yaml}))
    return Image([base], label(base)).write(folder)


def filtered(path: Path, cache: ResultCache) -> bytes:
    """Return real manifests as the filter modifies them for one package."""
    text = f"""
        apiVersion: crossplane-devcache/v1alpha1
        kind: DevCache
        metadata: {{name: one}}
        spec: {{packages: {{platform: {{path: {path}}}}}}}
    """
    config = devcache.load(text, where="")
    return b"".join(render.render(RENDERED.read_bytes(), config, Path(), cache))


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    """Return the same package as a directory and as an archive."""
    (tmp_path / "xpkg").mkdir()
    return [directory(tmp_path / "directory", {"a.yaml": LARGE}), archive(tmp_path / "xpkg")]


def test_an_entry_belongs_to_its_key_alone(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path / "new" / "folder")
    assert cache.get("a", "b") is None
    cache.put(b"content", "a", "b")
    assert cache.get("a", "b") == b"content"
    assert cache.get("ab") is None
    assert ResultCache(tmp_path / "new" / "folder").get("a", "b") == b"content"


def test_another_version_uses_no_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ResultCache(tmp_path).put(b"content", "a")
    monkeypatch.setattr(result_cache, "__version__", "another")
    assert ResultCache(tmp_path).get("a") is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda entry: entry[:-1], id="cut-off"),
        pytest.param(lambda entry: entry + b"x", id="longer"),
        pytest.param(lambda entry: entry[:-1] + bytes([entry[-1] ^ 1]), id="one-bit"),
    ],
)
def test_a_damaged_entry_is_ignored_and_written_anew(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    cache = ResultCache(tmp_path)
    cache.put(b"content", "a")
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    assert cache.get("a") is None
    cache.put(b"content", "a")
    assert cache.get("a") == b"content"


def test_a_folder_that_cannot_be_created_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = ResultCache(tmp_path / "file" / "folder")
    cache.put(b"content", "a")
    assert cache.get("a") is None


def test_a_folder_with_write_permission_for_others_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o770)
    ResultCache(tmp_path).put(b"content", "a")
    assert list(tmp_path.iterdir()) == []
    tmp_path.chmod(0o700)
    ResultCache(tmp_path).put(b"content", "a")
    tmp_path.chmod(0o777)
    assert ResultCache(tmp_path).get("a") is None


def test_folder_and_entries_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    ResultCache(folder).put(b"content", "a")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]
    assert modes == [0o700, 0o600]


def test_the_least_recently_used_entry_is_removed_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ResultCache(tmp_path)
    for age, key in enumerate("cba"):
        cache.put(b"x" * 100, key)
        for path in tmp_path.iterdir():
            if path.stat().st_mtime_ns > 10:
                os.utime(path, ns=(age, age))
    assert cache.get("c")  # now the most recently used
    monkeypatch.setattr(result_cache, "_ALL", 450)
    cache.put(b"x" * 100, "d")
    assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]


def test_concurrent_runs_read_whole_entries_or_none(tmp_path: Path) -> None:
    contents = {str(number): os.urandom(100_000) for number in range(4)}

    def run(number: int) -> bool:
        key = str(number % 4)
        cache = ResultCache(tmp_path)
        cache.put(contents[key], key)
        return cache.get(key) in {contents[key], None}

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(run, range(200)))
    assert [ResultCache(tmp_path).get(key) for key in contents] == list(contents.values())
    assert len(list(tmp_path.iterdir())) == len(contents)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        pytest.param({"HOME": "/h"}, "/h/.cache/crossplane-devcache/results", id="home"),
        pytest.param(
            {"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/crossplane-devcache/results", id="xdg"
        ),
        pytest.param(
            {"HOME": "/h", "XDG_CACHE_HOME": "x"},
            "/h/.cache/crossplane-devcache/results",
            id="xdg-has-relative-paths-ignored",
        ),
        pytest.param({"HOME": "/h", "CROSSPLANE_DEVCACHE_CACHE": "/c"}, "/c/results", id="moved"),
        pytest.param({"HOME": "/h", "CROSSPLANE_DEVCACHE_CACHE": "off"}, None, id="off"),
        pytest.param({}, None, id="no-home"),
    ],
)
def test_the_folder_follows_the_environment(
    environment: dict[str, str], folder: str | None
) -> None:
    assert result_cache.of_user(environment).folder == (Path(folder) if folder else None)


def test_the_filter_gives_the_same_bytes_with_and_without_a_cache(
    sources: list[Path], tmp_path: Path
) -> None:
    for source in sources:
        cache = ResultCache(tmp_path / "results")
        without = filtered(source, NO_CACHE)
        assert [filtered(source, cache) for _ in range(2)] == [without, without]
        for entry in (tmp_path / "results").iterdir():
            entry.write_bytes(b"damaged")
        assert filtered(source, cache) == without


def test_nothing_is_parsed_and_packed_again(
    sources: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ResultCache(tmp_path / "results")
    first = [filtered(source, cache) for source in sources]
    monkeypatch.delattr(documents, "split")
    monkeypatch.delattr(compression, "lzma")
    assert [filtered(source, cache) for source in sources] == first


def test_a_package_from_the_cache_equals_the_package_from_disk(
    sources: list[Path], tmp_path: Path
) -> None:
    for source in sources:
        read = packages.read(source)
        for _ in range(2):
            package = packages.read(source, cache=ResultCache(tmp_path / "results"))
            assert package[:-1] == read[:-1]
            assert package.package_yaml.digest == read.package_yaml.digest
            assert package.package_yaml.size == read.package_yaml.size
            assert package.package_yaml.content == read.package_yaml.content


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"a.yaml": LARGE[:-1] + b"0"}, id="a-byte"),
        pytest.param({"b.yaml": LARGE}, id="a-name"),
        pytest.param({"a.yaml": XRD, "b.yaml": LARGE}, id="a-file-more"),
    ],
)
def test_a_changed_directory_is_read_again(tmp_path: Path, changed: dict[str, bytes]) -> None:
    cache = ResultCache(tmp_path / "results")
    packages.read(directory(tmp_path / "before", {"a.yaml": LARGE}), cache=cache)
    after = directory(tmp_path / "after", changed)
    assert packages.read(after, cache=cache)[:-1] == packages.read(after)[:-1]


def test_a_refused_package_is_refused_again(tmp_path: Path) -> None:
    root = directory(tmp_path / "root", {"a.yaml": LARGE, "b.yaml": b"kind: X\n"})
    for _ in range(2):
        with pytest.raises(DevcacheError):
            packages.read(root, cache=ResultCache(tmp_path / "results"))


def test_an_archive_that_is_replaced_while_it_is_read_is_refused(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path / "results")
    path = archive(tmp_path)
    packages.read(path, cache=cache)
    package = packages.read(path, cache=cache)
    archive(tmp_path, META + b"---\n" + LARGE + b"  x: 1\n")
    with pytest.raises(DevcacheError, match="changed while it was read"):
        _ = package.package_yaml.content
