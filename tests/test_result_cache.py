"""The results of earlier runs save time, and do not change the output."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender import packages, result_cache
from postrender.commands import check, graph, inspect
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.packages import budget, documents, package
from postrender.packages.budget import Budget
from postrender.payload import compression
from postrender.release import render
from postrender.result_cache import NO_CACHE, ResultCache
from tests.shared.layouts import Layout
from tests.shared.package_files import META, XRD, Image, directory, label, packed, tar
from tests.shared.paths import DATA, GOLDEN, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from postrender.manifests.nodes import Plain

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
    """Return the same package as a directory, as archives and as an OCI layout."""
    (tmp_path / "xpkg").mkdir()
    layout = Layout([packed(tar({"package.yaml": META + b"---\n" + LARGE}))])
    oci_archive = tmp_path / "oci.tar.gz"
    oci_archive.write_bytes(packed(layout.stored()))
    return [
        directory(tmp_path / "directory", {"a.yaml": LARGE}),
        archive(tmp_path / "xpkg"),
        oci_archive,
        layout.write(tmp_path),
    ]


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


def test_an_entry_copied_over_another_is_ignored(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path)
    cache.put(b"content", "a")
    (entry,) = tmp_path.iterdir()
    content = entry.read_bytes()
    cache.put(b"other", "b")
    for path in tmp_path.iterdir():
        path.write_bytes(content)
    assert (cache.get("a"), cache.get("b")) == (b"content", None)


def _socket(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:  # a longer path is no address
        patch.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)


OTHERS: dict[str, Callable[[Path], object]] = {
    "folder": lambda path: (path / "mine").mkdir(parents=True),
    "pipe": os.mkfifo,
    "socket": _socket,
    "link": lambda path: path.symlink_to(path.with_name("entry")),
    "link-to-nothing": lambda path: path.symlink_to("nothing"),
}
"""Files that are no entries."""


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_only_a_regular_file_is_an_entry(tmp_path: Path, make: Callable[[Path], object]) -> None:
    cache = ResultCache(tmp_path)
    cache.put(b"content", "a")
    (entry,) = tmp_path.iterdir()
    entry.rename(tmp_path / "entry")
    make(entry)
    assert cache.get("a") is None
    cache.put(b"content", "a")
    assert cache.get("a") == (None if entry.is_dir() else b"content")
    assert (tmp_path / "entry").is_file()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_other_files_in_the_folder_stay_and_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object]
) -> None:
    (tmp_path / "notes.txt").write_bytes(b"x" * 1000)
    (tmp_path / ("a" * 64)).write_bytes(b"x" * 1000)
    make(tmp_path / "mine")
    for path in tmp_path.iterdir():
        os.utime(path, ns=(1, 1), follow_symlinks=False)
    before = set(tmp_path.iterdir())
    monkeypatch.setattr(result_cache, "_ALL", 450)
    cache = ResultCache(tmp_path)
    for key in "abcdef":
        cache.put(b"x" * 100, key)
    assert before < set(tmp_path.iterdir())
    assert [key for key in "abcdef" if cache.get(key)] == ["d", "e", "f"]


def test_what_an_interrupted_run_left_is_removed_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ResultCache(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", Mock(side_effect=KeyboardInterrupt))
        patch.setattr(os, "unlink", Mock())  # the run does not get to it
        with pytest.raises(KeyboardInterrupt):
            cache.put(b"x" * 1000, "a")
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(result_cache, "_ALL", 450)
    cache.put(b"x" * 100, "b")
    assert len(list(tmp_path.iterdir())) == 1
    assert cache.get("b")


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


def test_a_link_is_not_used_as_the_folder(tmp_path: Path) -> None:
    (tmp_path / "results").symlink_to("others")
    ResultCache(tmp_path / "others").put(b"content", "a")
    cache = ResultCache(tmp_path / "results")
    assert cache.get("a") is None
    cache.put(b"content", "b")
    assert len(list((tmp_path / "others").iterdir())) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_an_entry_of_another_user_is_ignored(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path)
    cache.put(b"content", "a")
    (entry,) = tmp_path.iterdir()
    os.chown(entry, 65534, 65534)
    assert cache.get("a") is None


EXCHANGED = """
import os, sys
from pathlib import Path
from postrender.result_cache import ResultCache

def exchange(event, arguments):
    is_entry = event == "open" and len(os.path.basename(str(arguments[0]))) > 30
    if is_entry and not os.path.islink("results"):
        os.rename("results", "checked")
        os.symlink("others", "results")

sys.addaudithook(exchange)
if sys.argv[1] == "get":
    print(ResultCache(Path("results")).get("a").decode(), end="")
else:
    ResultCache(Path("results")).put(b"new", "a")
"""
"""A run whose folder is exchanged for a link when it opens the first file in it."""


@pytest.mark.parametrize(
    ("action", "output", "stored"),
    [
        pytest.param("get", b"checked", b"checked", id="read"),
        pytest.param("put", b"", b"new", id="written"),
    ],
)
def test_the_folder_that_was_checked_is_used(
    tmp_path: Path, action: str, output: bytes, stored: bytes
) -> None:
    ResultCache(tmp_path / "results").put(b"checked", "a")
    ResultCache(tmp_path / "others").put(b"others", "a")
    run = subprocess.run(
        [sys.executable, "-c", EXCHANGED, action],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    assert run.stdout == output, run.stderr
    assert ResultCache(tmp_path / "checked").get("a") == stored
    assert ResultCache(tmp_path / "others").get("a") == b"others"


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


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff", id="not-utf-8"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"9" * 10_000, id="a-long-number"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="too-short"),
        pytest.param(b'{"0": 1}', id="a-mapping"),
        pytest.param(
            b'["xpkg", "v1", "Kind", "x", "f", "", true, "", "", [], [], null, "", 1]',
            id="another-kind",
        ),
        pytest.param(
            b'["xpkg", "v1", "Provider", 1, "f", "", true, "", "", [], [], null, "", 1]',
            id="another-type",
        ),
        pytest.param(
            b'["xpkg", "v1", "Provider", "x", "f", "", true, "", "", [["a"]], [], null, "", 1]',
            id="half",
        ),
        pytest.param(
            b'["xpkg", "v1", "Provider", "x", "f", "", true, "", "", '
            b'[], [[1, "", ""]], null, "", 1]',
            id="item",
        ),
        pytest.param(
            b'["text", "v1", "Provider", "x", "f", "", true, "", "", [], [], null, "", 1]',
            id="another-form",
        ),
        pytest.param(
            b'["xpkg", "v1", "Provider", "x", "f", "", true, "", "", [], [], [1, 2], "", 1]',
            id="half-a-runtime",
        ),
    ],
)
def test_a_result_that_is_no_package_is_ignored_and_written_anew(
    sources: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    cache = ResultCache(tmp_path / "results")
    for source in sources:
        with monkeypatch.context() as patch:
            patch.setattr(package, "dump", Mock(return_value=content))
            packages.read(source, cache=cache)
        for _ in range(2):
            assert packages.read(source, cache=cache)[:-1] == packages.read(source)[:-1]
    with monkeypatch.context() as patch:
        patch.delattr(documents, "split")
        assert [packages.read(source, cache=cache).name for source in sources] == ["platform"] * 4


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


def test_a_dump_holds_all_fields() -> None:
    read = packages.read(DATA / "xpkg" / "provider-with-runtime.xpkg")
    loaded = package.load(package.dump(read), lambda: b"")
    assert read.runtime
    assert loaded
    assert loaded[:-1] == read[:-1]


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


def many_files(root: Path, changed: dict[str, bytes] | None = None) -> Path:
    files = {f"{number}.yaml": LARGE + b"# %d\n" % number for number in range(3)}
    return directory(root, files | (changed or {}))


@pytest.mark.parametrize(
    ("changed", "parsed"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"1.yaml": XRD}, [XRD], id="a-file"),
        pytest.param({"4.yaml": XRD}, [XRD], id="a-new-file"),
        pytest.param({"1.yaml": LARGE + b"# 0\n"}, [], id="a-copy-of-another-file"),
        pytest.param({"1.yaml": b""}, [], id="an-empty-file"),
    ],
)
def test_only_changed_files_of_a_directory_are_parsed_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, bytes],
    parsed: list[bytes],
) -> None:
    cache = ResultCache(tmp_path / "results")
    root = tmp_path / "root"
    packages.read(many_files(root), cache=cache)
    (root / "0.yaml").rename(root / "renamed.yaml")  # so that no result is that of the directory
    for name, content in changed.items():
        (root / name).write_bytes(content)
    expected = packages.read(root)
    split = Mock(side_effect=documents.split)
    monkeypatch.setattr(documents, "split", split)
    assert packages.read(root, cache=cache)[:-1] == expected[:-1]
    assert [call.args[0] for call in split.call_args_list] == parsed


@pytest.mark.parametrize(
    ("limit", "content"),
    [
        pytest.param("documents", XRD, id="documents"),
        pytest.param("parsed", b"metadata: {}\n" + XRD, id="bytes-that-must-be-parsed"),
        pytest.param("nodes", XRD, id="nodes"),
    ],
)
def test_results_of_files_spend_the_budget_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, content: bytes
) -> None:
    """One more file exceeds the limit, although only that file is parsed again."""
    cache = ResultCache(tmp_path / "results")
    packages.read(many_files(tmp_path / "root"), cache=cache)
    (tmp_path / "root" / "more.yaml").write_bytes(content)
    whole = Budget()
    before: int = getattr(whole, limit).remainder
    with monkeypatch.context() as patch:
        patch.setattr(packages, "Budget", lambda: whole)
        packages.read(tmp_path / "root")
    cost = before - getattr(whole, limit).remainder
    monkeypatch.setattr(budget, f"_{limit.upper()}", cost - 1)
    refusals: list[str] = []
    for results in (NO_CACHE, cache):
        with pytest.raises(DevcacheError) as refused:
            packages.read(tmp_path / "root", cache=results)
        refusals.append(str(refused.value))
    assert refusals[0] == refusals[1]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b'{"%s": 1}', id="another-type"),
        pytest.param(b'{"%s": [["x", 1, 1], []]}', id="another-cost"),
        pytest.param(b'{"%s": [[1], []]}', id="costs-are-missing"),
        pytest.param(b'{"%s": [[1, 1, 1], [[0]]]}', id="half-of-a-document"),
        pytest.param(b'{"%s": [[1, 1, 1], [[0, null, "v1", "A"]]]}', id="another-place"),
    ],
)
def test_results_of_files_that_are_something_else_are_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    cache = ResultCache(tmp_path / "results")
    root = many_files(tmp_path / "root")
    key = f"{hashlib.blake2b(XRD, digest_size=32).hexdigest()} parsed".encode()
    with monkeypatch.context() as patch:
        stored = content.replace(b"%s", key)
        patch.setattr(json, "dumps", Mock(return_value=stored.decode("latin-1")))
        packages.read(root, cache=cache)
    (root / "0.yaml").write_bytes(XRD)
    assert packages.read(root, cache=cache)[:-1] == packages.read(root)[:-1]


CONTENTS = [
    XRD,
    XRD + b"---\n" + XRD,
    b"# a comment\n---\n" + XRD + b"---\n",
    b"metadata: {}\n" + XRD,
    META,
    b"",
    b"kind: A\n",
    b"a: [\n",
    b"\xff",
]
"""Contents of files, of which some are refused."""

FILES = st.dictionaries(st.sampled_from(["a.yaml", "b.yaml", "c.yaml"]), st.sampled_from(CONTENTS))


def outcome(root: Path, cache: ResultCache) -> object:
    """Return the package at a path, or the message of its refusal."""
    try:
        package = packages.read(root, cache=cache)
    except DevcacheError as error:
        return str(error)
    return (*package[:-1], package.package_yaml.content)


@given(st.lists(FILES, min_size=2, max_size=4))
def test_any_edits_of_a_directory_have_the_same_outcome_with_results(
    states: list[dict[str, bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(result_cache, "SMALLEST", 0)
        cache = ResultCache(Path(folder, "results"))
        root = Path(folder, "root")
        for files in states:
            shutil.rmtree(root, ignore_errors=True)
            directory(root, files)
            assert outcome(root, cache) == outcome(root, NO_CACHE)


def test_check_graph_and_inspect_use_results(
    sources: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They print the same with and without results, and neither parse nor pack again."""
    values = tmp_path / "values.yaml"
    values.write_text(f"devcache: {{packages: {{platform: {{path: {sources[0]}}}}}}}")

    def outputs() -> list[Plain]:
        return [
            inspect.run(paths=sources, tell=Mock()).value,
            check.run(values_files=[values], tell=Mock()).value,
            graph.run(values_files=[values], tell=Mock()).value,
        ]

    monkeypatch.setenv(result_cache.VARIABLE, "off")
    expected = outputs()
    monkeypatch.setenv(result_cache.VARIABLE, str(tmp_path / "cache"))
    assert outputs() == expected
    monkeypatch.delattr(documents, "split")
    monkeypatch.delattr(compression, "lzma")
    monkeypatch.delattr(compression, "zlib")
    assert outputs() == expected


def test_an_archive_that_is_replaced_while_it_is_read_is_refused(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path / "results")
    path = archive(tmp_path)
    packages.read(path, cache=cache)
    package = packages.read(path, cache=cache)
    archive(tmp_path, META + b"---\n" + LARGE + b"  x: 1\n")
    with pytest.raises(DevcacheError, match="changed while it was read"):
        _ = package.package_yaml.content
