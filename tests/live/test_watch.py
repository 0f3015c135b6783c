"""watch: what is saved is pushed, and nothing but Ctrl-C ends it."""

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
    from postrender.live.watch import View

COMMAND = Path(sys.executable).parent / "crossplane-devcache"


class EndedError(Exception):
    """All has been seen."""


def watched(chosen: Sequence[PackageDeclaration], *steps: Callable[[View], bool]) -> None:
    """Watch packages until each step in turn has seen what it does something about.

    Args:
        chosen: The packages.
        *steps: Each returns whether a view is what it waits for.
    """
    left = list(steps)

    def show(view: View) -> None:
        if not view.doing and left[0](view):
            left.pop(0)
        if not left:
            raise EndedError

    with pytest.raises(EndedError):
        watch.watch(Cluster("", "crossplane-system"), chosen, show, 60, result_cache.NO_CACHE)


def edit(folder: Path, number: str) -> str:
    """Return the content of an edit, whose files are as they were afterwards."""
    of_edit = content(edited(folder, edit=number))
    package(folder)
    return of_edit


def test_what_is_saved_is_pushed_and_what_is_broken_is_told(tmp_path: Path) -> None:
    one, two = edit(tmp_path, "1"), edit(tmp_path, "2")
    both = (package(tmp_path), package(tmp_path, "network"))
    with released(tmp_path, *both) as cluster:

        def first(view: View) -> bool:
            assert {row.state for row in view.rows} == {"Healthy"}
            assert not any(row.pushed for row in view.rows), "it was there before"
            edited(tmp_path)
            return True

        def pushed(view: View) -> bool:
            platform, network = view.rows
            if not platform.pushed:
                return False
            assert cluster.read["platform"] == one
            assert platform.took
            assert not network.pushed
            (tmp_path / "platform" / "crossplane.yaml").write_text("kind: [\n")
            return True

        def told(view: View) -> bool:
            platform, network = view.rows
            if "is not valid YAML" not in platform.state:
                return False
            assert "crossplane.yaml, line 2" in platform.state
            assert network.state == "Healthy"
            edited(tmp_path, edit="2")
            return True

        def mended(view: View) -> bool:
            return view.rows[0].state == "Healthy" and cluster.read["platform"] == two

        watched(both, first, pushed, told, mended)


def test_a_package_file_that_is_replaced_is_pushed(tmp_path: Path) -> None:
    file, new = tmp_path / "platform.xpkg", tmp_path / "new.xpkg"
    file.write_bytes(Image().stored())
    declared = package(tmp_path)._replace(path=str(file))
    with released(tmp_path, declared) as cluster:
        before = cluster.read["platform"]

        def first(_: View) -> bool:
            layer = packed(tar({"package.yaml": STREAM + b"# more\n"}))
            new.write_bytes(Image([layer]).stored())
            new.replace(file)
            return True

        def pushed(view: View) -> bool:
            return view.rows[0].pushed != "" and cluster.read["platform"] != before

        watched([declared], first, pushed)


def test_a_package_directory_that_is_replaced_is_still_watched(tmp_path: Path) -> None:
    one, two = edit(tmp_path, "1"), edit(tmp_path, "2")
    declared = package(tmp_path)
    with released(tmp_path, declared) as cluster:

        def first(_: View) -> bool:
            (tmp_path / "platform").rename(tmp_path / "before")
            edited(tmp_path, edit="1")
            return True

        def replaced(_: View) -> bool:
            if cluster.read["platform"] != one:
                return False
            edited(tmp_path, edit="2")
            return True

        watched([declared], first, replaced, lambda _: cluster.read["platform"] == two)


def test_a_package_directory_that_was_away_is_still_watched(tmp_path: Path) -> None:
    one = edit(tmp_path, "1")
    declared = package(tmp_path)
    with released(tmp_path, declared) as cluster:

        def first(_: View) -> bool:
            (tmp_path / "platform").rename(tmp_path / "before")
            return True

        def gone(view: View) -> bool:
            if view.rows[0].state == "Healthy":
                return False
            edited(tmp_path, edit="1")
            return True

        watched([declared], first, gone, lambda _: cluster.read["platform"] == one)


def test_a_system_that_lets_nothing_be_watched_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Path, **__: object) -> Never:
        message = "OS file watch limit reached"
        raise OSError(message)

    monkeypatch.setattr("watchfiles.watch", refuse)
    one = package(tmp_path)
    with released(tmp_path, one), pytest.raises(DevcacheError, match="watch limit reached"):
        watch.watch(Cluster("", "here"), [one], lambda _: None, 60, result_cache.NO_CACHE)


def test_it_outlives_an_api_server_that_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_RETRY", 0.1)
    one, saved = package(tmp_path), edit(tmp_path, "1")
    with released(tmp_path, one) as cluster:

        def gone(_: int) -> None:
            raise ConnectionError

        def first(_: View) -> bool:
            cluster.before = gone
            edited(tmp_path)
            return True

        def told(view: View) -> bool:
            if "does not answer" not in view.rows[0].state:
                return False
            cluster.before = lambda _: None
            return True

        def pushed(view: View) -> bool:
            return view.rows[0].state == "Healthy" and cluster.read["platform"] == saved

        watched([one], first, told, pushed)


def test_a_save_during_a_push_begins_another_one(tmp_path: Path) -> None:
    one, last = package(tmp_path), edit(tmp_path, "2")
    with released(tmp_path, one) as cluster:
        cluster.lagging = {"crossplane-1"}
        edited(tmp_path)

        def show(view: View) -> None:
            if "not loaded by pod" in view.doing and cluster.lagging:
                edited(tmp_path, edit="2")
                cluster.lagging = set()
            if not view.doing and cluster.read["platform"] == last:
                raise EndedError

        with pytest.raises(EndedError):
            watch.watch(Cluster("", "here"), [one], show, 60, result_cache.NO_CACHE)


def test_a_save_of_the_same_content_during_a_push_hides_no_push(tmp_path: Path) -> None:
    """The next push has nothing to write, and the line of the first one would never come."""
    package_ = package(tmp_path)
    with released(tmp_path, package_) as cluster:
        cluster.lagging = {"crossplane-1"}
        edited(tmp_path)

        def show(view: View) -> None:
            if "not loaded by pod" in view.doing and cluster.lagging:
                edited(tmp_path)
                cluster.lagging = set()
            if not view.doing and view.rows[0].state:
                assert view.rows[0].pushed, "the content is new in the cluster"
                raise EndedError

        with pytest.raises(EndedError):
            watch.watch(Cluster("", "here"), [package_], show, 60, result_cache.NO_CACHE)


def test_a_package_that_is_not_there_is_refused_as_it_starts(tmp_path: Path) -> None:
    one = package(tmp_path)
    with released(tmp_path, one):
        missing = one._replace(path=str(tmp_path / "none"))
        with pytest.raises(DevcacheError, match="there is no such file or directory"):
            watch.watch(Cluster("", "here"), [missing], lambda _: None, 60, result_cache.NO_CACHE)


@pytest.mark.linux  # the env of GNU
def test_lines_are_told_where_there_is_no_terminal_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    one = package(tmp_path)
    with (
        released(tmp_path, one),
        subprocess.Popen(
            # Whoever runs the tests in the background ignores Ctrl-C, and so would this.
            ["env", "--default-signal=INT", COMMAND, "watch", one.path],
            stdout=subprocess.PIPE,
            env=os.environ,
            text=True,
        ) as running,
    ):
        try:
            assert running.stdout
            assert running.stdout.readline() == f"platform  platform-{content(one)[:12]}  Healthy\n"
            edited(tmp_path)
            line = running.stdout.readline()
            assert "platform" in line
            assert " s (" in line, "how long it took, and what the longest"
            running.send_signal(signal.SIGINT)
            assert running.wait() == 130
            assert running.stdout.read() == ""
        finally:
            running.kill()
