"""The copier under adverse conditions: permissions, a full disk, signals, updates and other pods.

Shell functions replace applets, so that an event in the middle of a run happens at the same place
in each run of the test.
"""

import os
import random
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

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
    ended,
    namespace,
    new_pod,
    store,
    tool,
)

pytestmark = pytest.mark.linux  # busybox, namespaces

FOREIGN = {"acme-foreign-0123456789ab.gz": b"pulled by Crossplane"}
BEFORE = FOREIGN | {package.path: package.content for package in (PLATFORM, GONE)}
AFTER = FOREIGN | {package.path: package.content for package in (CHANGED, NETWORK)}


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    """Return a pod with the cache of an earlier pod, and a ConfigMap that changes every package."""
    pod = new_pod(tmp_path / "pod", tmp_path / "cache")
    for path, content in FOREIGN.items():
        store(pod.cache, path, content)
    pod.load(PLATFORM, GONE)
    pod.publish(config_map(CHANGED, NETWORK))
    return pod


def in_namespace(script: str, *arguments: Path) -> list[str]:
    """Return a command that runs `script` with these arguments, and then the rest, `"$@"`."""
    shell = [tool("sh"), "-euc", f'PATH={os.defpath}:/usr/sbin:/sbin\n{script}\nexec "$@"', "sh"]
    return [*namespace("mount"), *shell, *map(str, arguments)]


READ_ONLY = 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift'


@pytest.mark.parametrize(
    ("packages", "problem"),
    [
        pytest.param(
            [CHANGED],
            f"platform.xz: cannot write {CHANGED.path} into the cache: ",
            id="a-package-to-load",
        ),
        pytest.param(
            [PLATFORM],
            f"cannot remove {GONE.path} from the cache: ",
            id="a-package-to-unload",
        ),
    ],
)
def test_a_read_only_cache_is_reported_and_unchanged(
    pod: Pod, packages: list[Package], problem: str
) -> None:
    pod.publish(config_map(*packages))
    outcome = pod.run(inside=in_namespace(READ_ONLY, pod.cache))
    assert outcome.status == 1
    assert outcome.stderr.startswith(f"crossplane-devcache: error: {problem}")
    assert outcome.stderr.endswith("Read-only file system\n")
    assert cached(pod.cache) == BEFORE


def test_a_full_disk_is_reported_and_the_old_file_stays(pod: Pod) -> None:
    large = replace(CHANGED, content=random.Random(0).randbytes(200_000))  # noqa: S311 - not a secret
    pod.publish(config_map(large, NETWORK))
    copy = pod.root / "copy"
    small = """
        copy=$1 cache=$2; shift 2
        cp -a "$cache" "$copy"; mount -t tmpfs -o size=64k none "$cache"; cp -a "$copy/." "$cache"
        status=0; "$@" || status=$?
        rm -r "$copy"; cp -a "$cache" "$copy"; exit "$status"
    """
    outcome = pod.run(inside=in_namespace(small, copy, pod.cache))
    assert outcome.status == 1
    problem = f"platform.xz: cannot write {CHANGED.path} into the cache: "
    assert outcome.stderr.startswith(f"crossplane-devcache: error: {problem}")
    assert outcome.stderr.endswith("No space left on device\n")
    assert cached(copy) == BEFORE


@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param(
            'gzip() { case $1 in -1) printf half; kill -9 0 ;; *) command gzip "$@" ;; esac; }',
            id="while-the-file-is-half-written",
        ),
        pytest.param("mkdir() { kill -9 0; }", id="with-the-file-written-and-its-folder-missing"),
        pytest.param("mv() { kill -9 0; }", id="before-the-rename"),
        pytest.param('mv() { command mv "$@"; kill -9 0; }', id="after-the-first-rename"),
        pytest.param(
            'rm() { case $* in *gone*) kill -9 0 ;; *) command rm "$@" ;; esac; }',
            id="before-the-unloading",
        ),
        pytest.param("rmdir() { kill -9 0; }", id="before-empty-folders-are-removed"),
    ],
)
def test_after_a_kill_every_file_is_whole_and_the_next_run_completes_the_work(
    pod: Pod, overrides: str
) -> None:
    assert pod.run(overrides).status == -9
    files = cached(pod.cache, "[!.]*")
    assert FOREIGN.items() <= files.items()
    assert all(content in (BEFORE.get(path), AFTER.get(path)) for path, content in files.items())
    assert pod.run().status == 0
    assert cached(pod.cache) == AFTER


def test_sigterm_stops_pid_1_at_once_without_remains(pod: Pod) -> None:
    waited = pod.root / "waited"
    overrides = f"mv() {{ kill -TERM 1; sleep 5; : >{shlex.quote(str(waited))}; }}"
    outcome = pod.run(overrides, inside=namespace("pid", "fork"))
    assert outcome.status == 143
    assert not waited.exists()
    assert cached(pod.cache) == BEFORE


NEWEST = [replace(CHANGED, content=b"kind: E\n"), replace(NETWORK, content=b"kind: F\n")]


def updated(pod: Pod, last: str) -> str:
    """Return an override: kubelet swaps `..data` to NEWEST before the first file is in place."""
    link, folder = pod.mount / "..data", pod.prepare(config_map(*NEWEST)).name
    return f'mv() {{ {shlex.join(["ln", "-sfn", folder, str(link)])}; {last}; command mv "$@"; }}'


def test_an_update_during_a_run_loads_all_old_packages(pod: Pod) -> None:
    assert pod.run(updated(pod, ":")).status == 0
    assert cached(pod.cache) == AFTER


def test_an_update_that_removes_the_old_files_fails_the_run_and_the_next_run_loads_the_new(
    pod: Pod,
) -> None:
    outcome = pod.run(updated(pod, shlex.join(["rm", "-r", str(pod.payload)])))
    problem = f"network.xz: cannot write {NETWORK.path} into the cache: "
    assert outcome.status == 1
    assert outcome.stderr.startswith(f"crossplane-devcache: error: {problem}")
    assert pod.run().status == 0
    assert cached(pod.cache) == FOREIGN | {package.path: package.content for package in NEWEST}


def test_two_pods_at_once_leave_every_file_whole(pod: Pod, tmp_path: Path) -> None:
    other = new_pod(tmp_path / "other", pod.cache)
    for round_number in range(10):
        content = f"kind: {round_number}\n".encode() * 9999
        packages = [replace(package, content=content) for package in (CHANGED, NETWORK)]
        for pod_ in (pod, other):
            pod_.publish(config_map(*packages))
        runs = [pod_.start() for pod_ in (pod, other)]
        assert [ended(run).status for run in runs] == [0, 0]
        assert cached(pod.cache) == FOREIGN | {package.path: content for package in packages}


def test_a_folder_that_another_pod_removes_before_the_rename_is_created_again(pod: Pod) -> None:
    pod.publish(config_map(replace(NETWORK, path="fresh/network.gz")))
    assert pod.run('mkdir() { command mkdir "$@"; rmdir fresh; unset -f mkdir; }').status == 0
    assert "fresh/network.gz" in cached(pod.cache)


def test_two_pods_with_different_packages_leave_every_file_whole(pod: Pod, tmp_path: Path) -> None:
    other = new_pod(tmp_path / "other", pod.cache)
    other.publish(config_map(PLATFORM, GONE))
    for _ in range(10):
        runs = [pod_.start() for pod_ in (pod, other)]
        assert [ended(run).status for run in runs] == [0, 0]
        files = cached(pod.cache)
        assert files.pop(PLATFORM.path) in (PLATFORM.content, CHANGED.content)
        assert FOREIGN.items() <= files.items() <= (BEFORE | AFTER).items()


def test_a_pod_does_not_unload_packages_that_another_pod_loads_meanwhile(
    pod: Pod, tmp_path: Path
) -> None:
    later = new_pod(tmp_path / "later", pod.cache)
    newest = Package("newest", "registry.example.com/newest.gz", b"kind: Newest\n")
    later.publish(config_map(CHANGED, NETWORK, newest))
    run_later = f'mv() {{ command mv "$@"; {shlex.join(later.command())}; }}'
    assert pod.run(run_later).status == 0
    assert cached(pod.cache) == AFTER | {newest.path: newest.content}


CONTAINER = """
    root=$1 mount=$2 cache=$3; shift 3
    chroot "$root" /bin/busybox --install -s /bin
    mount --bind "$root" "$root"
    mount --bind "$mount" "$root/devcache"
    mount --bind "$cache" "$root/cache"
    mount --rbind /proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -o remount,bind,ro "$root"
    mount -o remount,bind,ro "$root/devcache"
"""


def test_the_copier_runs_as_uid_65532_with_a_read_only_root_and_no_tmp(tmp_path: Path) -> None:
    pod, image = new_pod(tmp_path / "pod", tmp_path / "cache"), tmp_path / "image"
    for folder in ("bin", "dev", "proc", "devcache", "cache"):
        (image / folder).mkdir(parents=True)
    shutil.copy(tool("busybox"), image / "bin/busybox")
    pod.cache.chmod(0o777)  # as kubelet makes an emptyDir
    user = ["chroot", "--userspec=65532:65532", str(image)]
    command = [*user, "/bin/sh", "/devcache/copier.sh", "/devcache", "/cache"]
    for packages in ([PLATFORM, GONE], [CHANGED, NETWORK]):
        pod.publish(config_map(*packages))
        container = in_namespace(CONTAINER, image, pod.mount, pod.cache)
        run = subprocess.run([*container, *command], capture_output=True, text=True, check=False)
        assert (run.returncode, run.stderr) == (0, "")
        assert cached(pod.cache) == {package.path: package.content for package in packages}
        assert {path.stat().st_uid for path in pod.cache.rglob("*")} == {65532}
