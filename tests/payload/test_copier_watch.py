"""The copier as a sidecar: it loads and logs changes, and survives bad packages."""

from __future__ import annotations

import hashlib
import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.shared.copier_pod import (
    CHANGED,
    GONE,
    NETWORK,
    PLATFORM,
    Package,
    Pod,
    cached,
    config_map,
    index_line,
    namespace,
    new_pod,
    store,
    tool,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import Popen

pytestmark = pytest.mark.linux  # busybox, namespaces

BY_DIGEST = replace(PLATFORM, path="registry-example-com-acme-platform-sha256-aaaaa.gz")
CHANGED_BY_DIGEST = replace(CHANGED, path="registry-example-com-acme-platform-sha256-bbbbb.gz")
PUSHED = Package("extra", "registry.example.com/acme/extra:v0.1.gz", b"kind: E\n")

QUICK = "sleep() { command sleep 0.001; }"
"""An override, for tests that wait for the next round without a change."""


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return new_pod(tmp_path / "pod", tmp_path / "cache")


@dataclass(frozen=True)
class Sidecar:
    """A copier that watches its mount."""

    process: Popen[str]

    def line(self) -> str:
        """Wait for its next line of output, and return it."""
        assert self.process.stdout
        return self.process.stdout.readline()

    def error(self) -> str:
        """Wait for its next line of errors, and return it."""
        assert self.process.stderr
        return self.process.stderr.readline()

    def end(self) -> tuple[int, str]:
        """Terminate it as kubelet does, and return its status and the rest of its output."""
        outside = self.process.pid
        [first] = Path(f"/proc/{outside}/task/{outside}/children").read_text().split()
        os.kill(int(first), signal.SIGTERM)
        output, _ = self.process.communicate()
        return self.process.returncode, output


@contextmanager
def watching(pod: Pod, overrides: str = "") -> Iterator[Sidecar]:
    """Run the copier as the first process of a container.

    It stops together with the test, even if the test is killed. Shell functions in `overrides`
    replace applets.
    """
    inside = [tool("setpriv"), "--pdeathsig=KILL", *namespace("pid", "fork", "kill-child")]
    with pod.start(overrides, inside=inside, arguments=["watch"]) as process:
        try:
            yield Sidecar(process)
        finally:
            process.kill()


def loaded(package: Package, how: str = "loaded") -> str:
    content = hashlib.sha256(package.content).hexdigest()
    return f"{how} {package.name} -> {package.path} {content}\n"


def with_pushed(data: dict[str, bytes], *packages: Package) -> dict[str, bytes]:
    """Return the data of a ConfigMap after a push has added packages."""
    lines = []
    for package in packages:
        key = f"{package.name}.pushed.xz"
        data = {**data, key: package.packed}
        line = index_line(package, package.packed)
        lines.append(line.replace(f" {package.file} ", f" {key} "))
    return {**data, "pushed": "".join(lines).encode()}


def test_the_log_lists_the_packages_and_then_each_change(pod: Pod) -> None:
    pod.load(PLATFORM, NETWORK)
    with watching(pod) as sidecar:
        assert sidecar.line() == loaded(PLATFORM, "unchanged")
        assert sidecar.line() == loaded(NETWORK, "unchanged")
        pod.publish(config_map(CHANGED, NETWORK))
        assert sidecar.line() == loaded(CHANGED)
        assert cached(pod.cache) == {PLATFORM.path: CHANGED.content, NETWORK.path: NETWORK.content}
        pod.publish(config_map(PLATFORM, NETWORK))
        assert sidecar.line() == loaded(PLATFORM)
        assert sidecar.end() == (143, "")


def test_the_previous_content_stays_until_the_next_change(pod: Pod) -> None:
    pod.load(BY_DIGEST)
    with watching(pod) as sidecar:
        sidecar.line()
        pod.publish(config_map(CHANGED_BY_DIGEST))
        assert sidecar.line() == loaded(CHANGED_BY_DIGEST)
        pod.publish(config_map(CHANGED_BY_DIGEST, NETWORK))
        assert sidecar.line() == loaded(CHANGED_BY_DIGEST, "unchanged")
        assert sidecar.line() == loaded(NETWORK)
        assert sidecar.line() == f"unloaded {BY_DIGEST.path}\n"
        assert set(cached(pod.cache)) == {CHANGED_BY_DIGEST.path, NETWORK.path}


def test_crossplanes_own_files_stay(pod: Pod) -> None:
    store(pod.cache, "acme-foreign-0123456789ab.gz", b"pulled by Crossplane")
    pod.load(GONE)
    with watching(pod) as sidecar:
        sidecar.line()
        pod.publish(config_map(PLATFORM))
        sidecar.line()
        pod.publish(config_map(NETWORK))
        sidecar.line()
        assert sidecar.line() == f"unloaded {GONE.path}\n"
    assert "acme-foreign-0123456789ab.gz" in cached(pod.cache)


def test_a_damaged_package_is_reported_and_the_next_change_is_loaded(pod: Pod) -> None:
    pod.load(PLATFORM)
    with watching(pod) as sidecar:
        sidecar.line()
        pod.publish(config_map(CHANGED) | {"platform.xz": b"damaged"})
        assert "platform.xz: damaged" in sidecar.error()
        assert cached(pod.cache) == {PLATFORM.path: PLATFORM.content}
        pod.publish(config_map(CHANGED))
        assert sidecar.line() == loaded(CHANGED)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("gone")])
def test_a_failed_write_is_retried(pod: Pod, make: Callable[[Path], None]) -> None:
    pod.load(PLATFORM)
    with watching(pod, QUICK) as sidecar:
        sidecar.line()
        in_the_way = pod.cache / NETWORK.path
        make(in_the_way)
        pod.publish(config_map(PLATFORM, NETWORK))
        assert f"network.xz: cannot write {NETWORK.path}" in sidecar.error()
        in_the_way.rename(pod.root / "in the way")
        assert sidecar.line() == loaded(NETWORK), "without another change"
    assert set(cached(pod.cache)) == {PLATFORM.path, NETWORK.path}


def test_a_removed_file_is_loaded_with_the_next_change(pod: Pod) -> None:
    pod.load(PLATFORM)
    with watching(pod) as sidecar:
        sidecar.line()
        (pod.cache / PLATFORM.path).unlink()
        pod.publish(config_map(PLATFORM, NETWORK))
        assert [sidecar.line(), sidecar.line()] == [loaded(PLATFORM), loaded(NETWORK)]
    assert set(cached(pod.cache)) == {PLATFORM.path, NETWORK.path}


def overwritten(file: Path) -> None:
    """Change a byte, and neither the size nor the modification time."""
    times = file.stat()
    with file.open("r+b") as opened:
        opened.seek(60)
        opened.write(b"x")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(overwritten, id="a-byte"),
        pytest.param(lambda file: os.truncate(file, 60), id="cut-off"),
        pytest.param(lambda file: store(file.parent, file.name, b"x"), id="written-by-Crossplane"),
    ],
)
def test_a_damaged_file_is_loaded_again_with_the_next_change(
    pod: Pod, damage: Callable[[Path], None]
) -> None:
    pod.load(PLATFORM)
    with watching(pod) as sidecar:
        sidecar.line()
        damage(pod.cache / PLATFORM.path)
        pod.publish(config_map(PLATFORM, NETWORK))
        assert sidecar.line() == loaded(PLATFORM)
        assert sidecar.line() == loaded(NETWORK)
    assert cached(pod.cache)[PLATFORM.path] == PLATFORM.content


def test_a_damaged_file_is_loaded_again_without_a_change_and_nothing_is_unloaded(
    pod: Pod, tmp_path: Path
) -> None:
    pod.load(PLATFORM, NETWORK)
    with watching(pod, QUICK) as sidecar:
        assert [sidecar.line(), sidecar.line()] == [
            loaded(package, "unchanged") for package in (PLATFORM, NETWORK)
        ]
        new_pod(tmp_path / "another", pod.cache).publish(config_map(PLATFORM, NETWORK, GONE))
        assert Pod(tmp_path / "another", pod.cache).run().status == 0
        for package in (PLATFORM, NETWORK):  # the second one after the first round has ended
            overwritten(pod.cache / package.path)
            while (line := sidecar.line()).startswith("unchanged"):
                pass
            assert line == loaded(package)
    contents = {package.path: package.content for package in (PLATFORM, NETWORK, GONE)}
    assert cached(pod.cache) == contents


def test_a_package_in_several_files_is_watched_too(pod: Pod) -> None:
    pod.load(PLATFORM)
    in_parts = replace(CHANGED, parts=2)
    with watching(pod) as sidecar:
        sidecar.line()
        pod.publish(config_map(in_parts))
        assert sidecar.line() == loaded(in_parts)
    assert cached(pod.cache) == {PLATFORM.path: CHANGED.content}


def test_a_mount_that_never_changes_is_refused(pod: Pod) -> None:
    plain = Pod(pod.root, pod.cache)
    (plain.mount / "index").write_bytes(b"")
    (plain.mount / "copier.sh").write_bytes(config_map()["copier.sh"])
    with watching(plain) as sidecar:
        assert "no ..data in" in sidecar.error()
        assert sidecar.process.wait() == 1


@pytest.mark.parametrize("how", ["init", "watch"])
def test_pushed_packages_are_loaded_beside_the_declared_ones(pod: Pod, how: str) -> None:
    pod.publish(with_pushed(config_map(PLATFORM), PUSHED))
    if how == "init":
        assert pod.run().stdout == "".join(
            f"loaded {package.name} -> {package.path}\n" for package in (PLATFORM, PUSHED)
        )
    else:
        with watching(pod) as sidecar:
            assert [sidecar.line(), sidecar.line()] == [loaded(PLATFORM), loaded(PUSHED)]
    assert cached(pod.cache) == {PLATFORM.path: PLATFORM.content, PUSHED.path: PUSHED.content}


def test_a_declared_package_replaces_a_pushed_one_at_the_same_path(pod: Pod) -> None:
    pod.publish(with_pushed(config_map(PLATFORM), replace(PUSHED, path=PLATFORM.path)))
    assert pod.run().stdout == f"loaded platform -> {PLATFORM.path}\n"
    assert pod.run().stdout == f"unchanged platform -> {PLATFORM.path}\n"
    assert cached(pod.cache) == {PLATFORM.path: PLATFORM.content}
