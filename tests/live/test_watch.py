"""Tests of watch: each save is pushed, and only Ctrl-C ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Never

import pytest

from postrender import result_cache
from postrender.errors import DevcacheError
from postrender.live import watch
from postrender.live.cluster import Cluster
from tests.shared.fake_cluster import released
from tests.shared.live_release import content, edited, package
from tests.shared.package_files import STREAM, Image, packed, tar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from postrender.declared.devcache import PackageDeclaration
    from postrender.interface.progress import View

COMMAND = Path(sys.executable).parent / "crossplane-devcache"


class CompleteError(Exception):
    """The last step of the test is complete."""


def watch_steps(declarations: Sequence[PackageDeclaration], *steps: Callable[[View], bool]) -> None:
    """Watch packages until all steps of a test are complete, one after the other.

    Args:
        declarations: The packages.
        *steps: Each returns whether a view completes it.
    """
    remaining = list(steps)

    def show(view: View) -> None:
        if not view.step and remaining[0](view):
            remaining.pop(0)
        if not remaining:
            raise CompleteError

    with pytest.raises(CompleteError):
        watch.watch(Cluster("", "crossplane-system"), declarations, show, 60, result_cache.NO_CACHE)


def edit(folder: Path, number: str) -> str:
    """Return the content of an edit, and restore the files."""
    edited_content = content(edited(folder, edit=number))
    package(folder)
    return edited_content


def test_saved_packages_are_pushed_and_errors_are_shown(tmp_path: Path) -> None:
    old, new = edit(tmp_path, "1"), edit(tmp_path, "2")
    packages = (package(tmp_path), package(tmp_path, "network"))
    with released(tmp_path, *packages) as cluster:

        def save(view: View) -> bool:
            assert {row.state for row in view.rows} == {"Healthy"}
            assert not any(row.time for row in view.rows), "the cluster already has the content"
            edited(tmp_path)
            return True

        def is_pushed(view: View) -> bool:
            platform, network = view.rows
            if not platform.time:
                return False
            assert cluster.read["platform"] == old
            assert platform.duration
            assert not network.time
            (tmp_path / "platform" / "crossplane.yaml").write_text("kind: [\n")
            return True

        def shows_error(view: View) -> bool:
            platform, network = view.rows
            if "is not valid YAML" not in platform.state:
                return False
            assert "crossplane.yaml, line 2" in platform.state
            assert network.state == "Healthy"
            edited(tmp_path, edit="2")
            return True

        def is_repaired(view: View) -> bool:
            return view.rows[0].state == "Healthy" and cluster.read["platform"] == new

        watch_steps(packages, save, is_pushed, shows_error, is_repaired)


def test_a_package_is_marked_while_it_is_pushed(tmp_path: Path) -> None:
    marks: set[tuple[str, bool]] = set()
    packages = (package(tmp_path), package(tmp_path, "network"))
    with released(tmp_path, *packages):

        def show(view: View) -> None:
            platform, network = view.rows
            marks.add((platform.state, platform.is_pushing))
            if not view.step and not platform.time:
                marks.clear()
                edited(tmp_path)
            elif not view.step:
                raise CompleteError
            elif marks and platform.is_pushing:
                assert not network.is_pushing or not network.state

        cluster = Cluster("", "crossplane-system")
        with pytest.raises(CompleteError):
            watch.watch(cluster, packages, show, 60, result_cache.NO_CACHE)
    assert marks == {("Healthy", True), ("Healthy", False)}


def test_a_replaced_package_file_is_pushed(tmp_path: Path) -> None:
    file, new_file = tmp_path / "platform.xpkg", tmp_path / "new.xpkg"
    file.write_bytes(Image().stored())
    declaration = package(tmp_path)._replace(path=str(file))
    with released(tmp_path, declaration) as cluster:
        before = cluster.read["platform"]

        def save(_: View) -> bool:
            layer = packed(tar({"package.yaml": STREAM + b"# more\n"}))
            new_file.write_bytes(Image([layer]).stored())
            new_file.replace(file)
            return True

        def is_pushed(view: View) -> bool:
            return view.rows[0].time != "" and cluster.read["platform"] != before

        watch_steps([declaration], save, is_pushed)


def test_a_replaced_package_directory_is_still_watched(tmp_path: Path) -> None:
    old, new = edit(tmp_path, "1"), edit(tmp_path, "2")
    declaration = package(tmp_path)
    with released(tmp_path, declaration) as cluster:

        def save(_: View) -> bool:
            (tmp_path / "platform").rename(tmp_path / "before")
            edited(tmp_path, edit="1")
            return True

        def is_replaced(_: View) -> bool:
            if cluster.read["platform"] != old:
                return False
            edited(tmp_path, edit="2")
            return True

        watch_steps([declaration], save, is_replaced, lambda _: cluster.read["platform"] == new)


def test_a_package_directory_that_was_missing_is_still_watched(tmp_path: Path) -> None:
    saved = edit(tmp_path, "1")
    declaration = package(tmp_path)
    with released(tmp_path, declaration) as cluster:

        def save(_: View) -> bool:
            (tmp_path / "platform").rename(tmp_path / "before")
            return True

        def is_missing(view: View) -> bool:
            if view.rows[0].state == "Healthy":
                return False
            edited(tmp_path, edit="1")
            return True

        watch_steps([declaration], save, is_missing, lambda _: cluster.read["platform"] == saved)


def test_a_system_without_free_watches_ends_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Path, **__: object) -> Never:
        message = "OS file watch limit reached"
        raise OSError(message)

    monkeypatch.setattr("watchfiles.watch", refuse)
    declaration = package(tmp_path)
    with released(tmp_path, declaration), pytest.raises(DevcacheError, match="watch limit reached"):
        watch.watch(Cluster("", "here"), [declaration], lambda _: None, 60, result_cache.NO_CACHE)


def test_the_watch_survives_an_unreachable_api_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_RETRY", 0.1)
    declaration, saved = package(tmp_path), edit(tmp_path, "1")
    with released(tmp_path, declaration) as cluster:

        def refuse(_: int) -> None:
            raise ConnectionError

        def save(_: View) -> bool:
            cluster.before_request = refuse
            edited(tmp_path)
            return True

        def shows_error(view: View) -> bool:
            if "does not answer" not in view.rows[0].state:
                return False
            cluster.before_request = lambda _: None
            return True

        def is_pushed(view: View) -> bool:
            return view.rows[0].state == "Healthy" and cluster.read["platform"] == saved

        watch_steps([declaration], save, shows_error, is_pushed)


def test_a_save_during_a_push_starts_the_next_push(tmp_path: Path) -> None:
    declaration, last = package(tmp_path), edit(tmp_path, "2")
    with released(tmp_path, declaration) as cluster:
        cluster.lagging = {"crossplane-1"}
        edited(tmp_path)

        def show(view: View) -> None:
            if "not loaded by pod" in view.step and cluster.lagging:
                edited(tmp_path, edit="2")
                cluster.lagging = set()
            if not view.step and cluster.read["platform"] == last:
                raise CompleteError

        with pytest.raises(CompleteError):
            watch.watch(Cluster("", "here"), [declaration], show, 60, result_cache.NO_CACHE)


def test_a_save_of_the_same_content_during_a_push_hides_no_line(tmp_path: Path) -> None:
    """The next push has nothing to write, but the first one did, and needs a line."""
    declaration = package(tmp_path)
    with released(tmp_path, declaration) as cluster:
        cluster.lagging = {"crossplane-1"}
        edited(tmp_path)

        def show(view: View) -> None:
            if "not loaded by pod" in view.step and cluster.lagging:
                edited(tmp_path)
                cluster.lagging = set()
            if not view.step and view.rows[0].state:
                assert view.rows[0].time, "the content is new in the cluster"
                raise CompleteError

        with pytest.raises(CompleteError):
            watch.watch(Cluster("", "here"), [declaration], show, 60, result_cache.NO_CACHE)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        pytest.param("none", "none: no such file or directory", id="missing"),
        pytest.param("loop", "loop: cannot be read: too many levels of symbolic", id="link-loop"),
        pytest.param("x" * 300, "cannot be read: file name too long", id="long-name"),
    ],
)
def test_a_path_without_a_package_is_refused_at_the_start(
    tmp_path: Path, path: str, problem: str
) -> None:
    declaration = package(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    with released(tmp_path, declaration):
        wrong = declaration._replace(path=str(tmp_path / path))
        with pytest.raises(DevcacheError, match=problem):
            watch.watch(Cluster("", "here"), [wrong], lambda _: None, 60, result_cache.NO_CACHE)


@pytest.mark.linux  # GNU env
def test_without_a_terminal_it_writes_lines_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    declaration = package(tmp_path)
    with (
        released(tmp_path, declaration),
        subprocess.Popen(
            # A shell starts background jobs with SIGINT ignored, and its children inherit that.
            ["env", "--default-signal=INT", COMMAND, "watch", declaration.path],
            stdout=subprocess.PIPE,
            env=os.environ,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout
            revision = f"platform-{content(declaration)[:12]}"
            assert process.stdout.readline() == f"platform  {revision}  Healthy\n"
            edited(tmp_path)
            line = process.stdout.readline()
            assert "platform" in line
            assert " s (" in line, "the duration and the longest step"
            process.send_signal(signal.SIGINT)
            assert process.wait() == 130
            assert process.stdout.read() == ""
        finally:
            process.kill()


@pytest.mark.linux  # /dev/full
def test_lines_that_cannot_be_written_end_it_with_an_error(tmp_path: Path) -> None:
    declaration = package(tmp_path)
    with released(tmp_path, declaration), Path("/dev/full").open("wb") as full:
        outcome = subprocess.run(
            [COMMAND, "watch", declaration.path], stdout=full, stderr=subprocess.PIPE, check=False
        )
    message = b"crossplane-devcache: error: stdout: cannot be written: no space left on device\n"
    assert (outcome.returncode, outcome.stderr) == (1, message)
