"""The index between the filter and the copier: the copier loads exactly the written packages.

Both sides are real: `contents.of_release` writes the index, and the copier in busybox reads it.
"""

from __future__ import annotations

import base64
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from postrender import placement
from postrender.crossplane import references, versions
from postrender.crossplane.target import Target
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.fields import Fields
from postrender.payload import contents
from tests.shared.copier_pod import (
    GONE,
    NETWORK,
    PLATFORM,
    Pod,
    cached,
    config_map,
    new_pod,
    store,
)
from tests.shared.package_files import META, directory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.linux  # busybox

FOREIGN = {"acme-foreign-0123456789ab.gz": b"pulled by Crossplane"}

VERSIONS = st.sampled_from([versions.Version(*line) for line in ((1, 14), (1, 20), (2, 1), (2, 4))])

HOSTS = st.sampled_from(["", "x.io/", "x.io:5000/", "a_b-.c/", "localhost:/"])
STEP = st.builds("{}{}".format, st.sampled_from("ab0_-"), st.text("ab0._-", max_size=3))
STEPS = st.lists(STEP, min_size=1, max_size=3).map("/".join).filter(lambda path: len(path) > 1)
TAGS = st.text("vA1._-", min_size=1, max_size=4).map(":{}".format)
IDENTIFIERS = st.just("") | TAGS | st.just(f"@sha256:{'0' * 64}")
REFERENCES = st.builds("{}{}{}".format, HOSTS, STEPS, IDENTIFIERS)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package directories p0, p1 and p2, with different contents."""
    folder = tmp_path_factory.mktemp("packages")
    for number in range(3):
        meta = META.replace(b"platform", f"platform-{number}".encode())
        directory(folder / f"p{number}", {"crossplane.yaml": meta})
    return folder


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Pod:
    """Return one pod for all examples; each example starts with an empty cache."""
    folder = tmp_path_factory.mktemp("pod")
    return new_pod(folder / "pod", folder / "cache")


def empty(cache: Path) -> None:
    shutil.rmtree(cache)
    cache.mkdir()


def declared(texts: list[str]) -> devcache.DevCache:
    """Return the declaration of the packages p0, p1 ... with these references."""
    local = [
        devcache.PackageDeclaration(f"p{number}", f"p{number}", references.parse(text, where=""))
        for number, text in enumerate(texts)
    ]
    return devcache.DevCache(tuple(local))


def published(contents: Mapping[str, object]) -> dict[str, bytes]:
    """Return the files that kubelet mounts from a ConfigMap."""
    data = Fields.of(contents["data"], path="data", where="").values  # type: ignore[arg-type]  # as emitted
    binary = Fields.of(contents.get("binaryData"), path="binaryData", where="").values  # type: ignore[arg-type]  # as emitted
    return {key: str(text).encode() for key, text in data.items()} | {
        key: base64.b64decode(str(text)) for key, text in binary.items()
    }


@settings(max_examples=30)
@given(texts=st.lists(REFERENCES, max_size=3), version=VERSIONS)
@example(texts=["x.io/a/b:v1", "x.io:5000/a/b@sha256:" + "0" * 64], version=versions.Version(1, 20))
@example(texts=["x.io/a/b:-", "x.io/a/b/-rf", "__"], version=versions.Version(1, 14))
def test_the_copier_loads_each_package_at_its_cache_key(
    packages: Path, pod: Pod, texts: list[str], version: versions.Version
) -> None:
    try:
        target = Target.of(version, where="")
        local_packages = placement.place(declared(texts).packages, target, packages)
    except DevcacheError:
        assume(False)  # noqa: FBT003  # hypothesis' own idiom
    empty(pod.cache)
    pod.publish(published(contents.of_release(local_packages).fields))
    first, second = pod.run(), pod.run()
    expected = {package.cache_key: package.package_yaml.content for package in local_packages}
    assert len(expected) == len(texts)
    assert cached(pod.cache) == expected
    moves = [f"{package.name} -> {package.cache_key}\n" for package in local_packages]
    assert first.stdout == "".join(f"loaded {move}" for move in moves)
    assert second.stdout == "".join(f"unchanged {move}" for move in moves)
    assert (first.stderr, second.stderr) == ("", "")


EDITS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(0, 70),
        st.one_of(
            st.binary(max_size=4),
            st.sampled_from(
                [
                    b" ",
                    b"\n",
                    b"\t",
                    b"\r",
                    b"\0",
                    b"/",
                    b"../",
                    b"\\",
                    b"*",
                    b"$(id)",
                    b"-rf",
                    b".",
                ]
            ),
        ),
    ),
    min_size=1,
    max_size=3,
)


def edited(index: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, piece in edits:
        at = place % (len(index) + 1)
        index = index[:at] + piece + index[at + length :]
    return index


@settings(max_examples=40)
@given(edits=EDITS)
@example(edits=[(0, 0, b" ")])
@example(edits=[(150, 0, b" ")])
@example(edits=[(130, 0, b"\x80")])
@example(edits=[(145, 0, b"../")])
def test_a_damaged_index_changes_only_the_copiers_files(
    pod: Pod, edits: list[tuple[int, int, bytes]]
) -> None:
    """Nothing outside the cache changes, no foreign file changes, and no file is incomplete."""
    empty(pod.cache)
    for path, content in FOREIGN.items():
        store(pod.cache, path, content)
    pod.load(GONE)
    data = config_map(PLATFORM, NETWORK)
    pod.publish(data | {"index": edited(data["index"], edits)})
    paths = paths_outside_the_cache(pod)
    first = pod.run()
    after = cached(pod.cache)
    assert paths_outside_the_cache(pod) == paths
    assert FOREIGN.items() <= after.items()
    assert set(after.values()) <= {
        *(package.content for package in (PLATFORM, NETWORK, GONE)),
        *FOREIGN.values(),
    }
    assert (first.status, first.stderr == "") in {(0, True), (1, False)}
    assert pod.run().status == first.status
    assert cached(pod.cache) == after, "a second run changes nothing"


def paths_outside_the_cache(pod: Pod) -> list[str]:
    """Return all paths that a run must not change: those beside the cache, and the applets."""
    around = (path for path in pod.root.parent.rglob("*") if pod.cache not in path.parents)
    return sorted(map(str, (*around, *(pod.root / "bin").iterdir())))
