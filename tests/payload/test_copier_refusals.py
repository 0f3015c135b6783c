"""A payload that contradicts its index: the copier names the file and changes nothing."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.shared.copier_pod import (
    CHANGED,
    NETWORK,
    PLATFORM,
    Pod,
    cached,
    config_map,
    index_line,
    new_pod,
    traces,
)

pytestmark = pytest.mark.linux  # busybox


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return new_pod(tmp_path / "pod", tmp_path / "cache")


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def replaced_by(data: bytes) -> Callable[[Path], None]:
    """Return a damage for which the index has the right sum of the .xz."""

    def damage(file: Path) -> None:
        file.write_bytes(data)
        lines = [index_line(NETWORK, NETWORK.packed), index_line(CHANGED, data)]
        file.with_name("index").write_text("".join(lines))

    return damage


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param(flip, "damaged", id="a-flipped-bit"),
        pytest.param(
            lambda file: os.truncate(file, 40),
            "damaged",
            id="cut-off",
        ),
        pytest.param(Path.unlink, "not in the ConfigMap", id="missing"),
        pytest.param(
            replaced_by(b"busybox unxz exits 0 for this"),
            "does not unpack",
            id="not-an-xz",
        ),
        pytest.param(
            replaced_by(CHANGED.packed[:-40]),
            "does not unpack",
            id="an-xz-that-ends-early",
        ),
        pytest.param(
            replaced_by(NETWORK.packed),
            "does not unpack",
            id="a-valid-xz-of-other-content",
        ),
    ],
)
def test_a_damaged_payload_is_refused_before_any_change(
    pod: Pod, damage: Callable[[Path], None], problem: str
) -> None:
    pod.load(PLATFORM)
    before = traces(pod.cache)
    pod.publish(config_map(NETWORK, CHANGED))
    damage(pod.payload / CHANGED.file)
    outcome = pod.run()
    assert (outcome.status, outcome.stdout) == (1, "")
    *_, message = outcome.stderr.splitlines()
    assert message.startswith("crossplane-devcache: error: platform.xz: ")
    assert problem in message
    assert traces(pod.cache) == before


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param(
            Path.unlink, "platform.xz: not in the ConfigMap: .*platform.xz.2.*", id="missing"
        ),
        pytest.param(flip, "platform.xz: damaged.*", id="damaged"),
        pytest.param(
            lambda file: file.write_bytes(file.with_name("platform.xz.1").read_bytes()),
            "platform.xz: damaged.*",
            id="another-part",
        ),
    ],
)
def test_a_damaged_part_is_refused_before_any_change(
    pod: Pod, damage: Callable[[Path], None], problem: str
) -> None:
    pod.load(PLATFORM)
    before = traces(pod.cache)
    pod.publish(config_map(NETWORK, replace(CHANGED, parts=3)))
    damage(pod.payload / "platform.xz.2")
    outcome = pod.run()
    assert (outcome.status, outcome.stdout) == (1, "")
    assert re.fullmatch(f"crossplane-devcache: error: {problem}\n", outcome.stderr)
    assert traces(pod.cache) == before


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("../escaped.gz", id="climbs"),
        pytest.param("acme/../../escaped.gz", id="climbs-from-a-folder"),
        pytest.param("/escaped.gz", id="absolute"),
        pytest.param("", id="none"),
        pytest.param("acme//platform.gz", id="an-empty-component"),
        pytest.param("acme/", id="a-folder"),
        pytest.param("acme/.platform.gz", id="a-hidden-file"),
    ],
)
def test_an_index_with_a_path_outside_the_cache_is_refused(pod: Pod, path: str) -> None:
    outcome = pod.load(NETWORK, replace(PLATFORM, path=path))
    assert outcome.status == 1
    assert re.fullmatch("crossplane-devcache: error: platform.xz: .* path .*\n", outcome.stderr)
    assert list(pod.cache.iterdir()) == []


def test_a_mount_without_an_index_is_refused_and_unloads_nothing(pod: Pod) -> None:
    pod.load(PLATFORM)
    (pod.payload / "index").unlink()
    outcome = pod.run()
    assert outcome.status == 1
    assert outcome.stderr == f"crossplane-devcache: error: no index in {pod.mount}\n"
    assert cached(pod.cache).keys() == {PLATFORM.path}


def test_a_folder_at_the_path_of_a_package_is_named(pod: Pod) -> None:
    (pod.cache / PLATFORM.path).mkdir(parents=True)
    outcome = pod.load(PLATFORM)
    problem = f"platform.xz: cannot write {PLATFORM.path} into the cache: "
    assert outcome.status == 1
    assert outcome.stderr.startswith(f"crossplane-devcache: error: {problem}")
    assert cached(pod.cache) == {}
